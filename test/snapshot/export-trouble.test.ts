import { describe, expect, test } from 'vitest';
import { exportFrom, failureOf } from './exporting.ts';
import { startFactServer, type FactServerOptions } from './fact-server.ts';

type Fault = NonNullable<FactServerOptions['fault']>;
const KEY = 'sk-0123456789';

const says =
  (body: string | Buffer, status = 200, type = 'application/json'): Fault =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type }).end(body);
    return true;
  };

async function failureWith(
  fault: Fault,
  options: Parameters<typeof exportFrom>[1] = {},
): ReturnType<typeof failureOf> {
  return failureOf(exportFrom(await startFactServer({ fault }), { apiKey: KEY, ...options }));
}

const FACT = '{"id":"a","relation":"r","source":"s","confidence":1,"value":{"type":"string","v":"x"}}';
const page = (facts: string, more = ''): string => `{"facts":${facts},"total":null${more}}`;

describe('an answer that is none', () => {
  test.each([
    ['HTML', '<html>hello</html>'],
    ['nothing', ''],
    ['an array', '[]'],
    ['no facts', '{"total":0,"cursor":null}'],
    ['facts that are no list', page('{}')],
    ['a fact that is none', page('[1]')],
    ['a fact without ID', page(`[${FACT.replace('"id":"a",', '')}]`)],
    ['a relation that is no string', page(`[${FACT.replace('"r"', '[]')}]`)],
    ['a source that is none', page(`[${FACT.replace('"s"', 'null')}]`)],
    ['a confidence that is no number', page(`[${FACT.replace('1', '"1"')}]`)],
    ['a value that is bare', page(`[${FACT.replace('{"type":"string","v":"x"}', '"x"')}]`)],
    ['a value without type', page(`[${FACT.replace('"type":"string",', '')}]`)],
    ['a fact that says two things', page(`[${FACT.replace('{', '{"source":"t",')}]`)],
    ['a key that is spelled in two ways', page(`[${FACT.replace('{', '{"s\\u006furce":"t",')}]`)],
    ['a cursor that is a number', page('[]', ',"cursor":7')],
    ['a total that is a word', '{"facts":[],"total":"many"}'],
    ['a total of many digits', `{"facts":[],"total":${'9'.repeat(1000)}}`],
    ['two answers', `${page('[]')}${page('[]')}`],
    ['an answer cut off', page('[]').slice(0, -1)],
    ['no UTF-8', Buffer.from(page(`[${FACT}]`).replace('x', '\xff'), 'latin1')],
  ])('%s', async (_, body) => {
    const { code, exitStatus } = await failureWith(says(body));
    expect({ code, exitStatus }).toEqual({ code: 'NODE_ANSWER', exitStatus: 14 });
  });

  test('though the one it was made of is good', async () => {
    const node = await startFactServer({ fault: says(page(`[${FACT}]`)) });
    expect((await exportFrom(node)).entities[0]!.facts).toHaveLength(1);
  });

  test.each([
    ['no list', '{"conflicts":{}}'],
    ['no conflict', '{"conflicts":[{"id":"a"}]}'],
    ['a fact that is none', '{"conflicts":[{"conflict_id":"a","fact_a":"b"}]}'],
    ['a cursor that is none', '{"conflicts":[],"cursor":{}}'],
  ])('about contradictions: %s', async (_, body) => {
    const fault: Fault = (url, ...more) => url.pathname === '/v1/conflicts' && says(body)(url, ...more);
    expect((await failureWith(fault, { contradictions: true })).code).toBe('NODE_ANSWER');
  });
});

describe('a status', () => {
  test.each([
    [400, '{"detail":"scope must be one of …"}', 'HTTP 400: scope must be one of …'],
    [
      422,
      '{"detail":[{"loc":["query","limit"],"msg":"too big"}]}',
      'HTTP 422: [{"loc":["query","limit"],"msg":"too big"}]',
    ],
    [401, '{"detail":"invalid key"}', 'does not let us in: HTTP 401: invalid key'],
    [403, '<html>', 'does not let us in: HTTP 403'],
  ])('%i is a refusal', async (status, body, message) => {
    const error = await failureWith(says(body, status));
    expect(error).toMatchObject({ code: 'NODE_REFUSED', exitStatus: 15 });
    expect(error.message).toContain(message);
  });

  test.each([
    [400, '<html>'],
    [404, '{"detail":"Not Found"}'],
    [500, '{"detail":"cid mismatch"}'],
    [204, ''],
    [409, '{"detail":{"code":"x"}}'],
  ])('%i with %s is no answer of a node', async (status, body) => {
    expect((await failureWith(says(body, status))).code).toBe('NODE_ANSWER');
  });

  test('401 without a key says how to give one', async () => {
    const error = await failureWith(says('{"detail":"missing"}', 401), { apiKey: undefined });
    expect(error.hint).toContain('--api-key-file FILE, or STIGMEM_API_KEY');
  });

  test('what it says never shows the key, and is short', async () => {
    const error = await failureWith(
      says(JSON.stringify({ detail: `no key ${KEY} ${'x'.repeat(10_000)}` }), 403),
    );
    expect(error.message).toContain('no key *** xxx');
    expect(error.message.length).toBeLessThan(700);
    const cut = await failureWith(says(JSON.stringify({ detail: `${'x'.repeat(490)}${KEY}` }), 422));
    expect(cut.message).not.toContain(KEY.slice(0, 6));
  });

  test('of a redirect is not followed: the key stays here', async () => {
    const elsewhere = await startFactServer();
    const error = await failureWith((url, response) => {
      response.writeHead(307, { location: `${elsewhere.url.origin}${url.pathname}${url.search}` }).end();
      return true;
    });
    expect(error.code).toBe('NODE_ANSWER');
    expect(elsewhere.asked).toEqual([]);
  });
});

describe('what passes', () => {
  test.each([429, 502, 503, 504])('%i is asked again, and not for ever', async (status) => {
    let times = 0;
    const node = await startFactServer({
      facts: [{}],
      fault: (url, ...more) => times++ < 3 && says('', status)(url, ...more),
    });
    expect((await exportFrom(node)).entities[0]!.facts).toHaveLength(1);
    expect((await failureWith(says('', status))).code).toBe('TARGET_BUSY');
  });

  test('a connection that breaks, too', async () => {
    let times = 0;
    const cuts: Fault = (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{');
      setTimeout(() => response.destroy(), 5);
      return true;
    };
    const node = await startFactServer({ facts: [{}], fault: (...asked) => times++ < 3 && cuts(...asked) });
    expect((await exportFrom(node)).entities[0]!.facts).toHaveLength(1);
    expect(await failureWith(cuts)).toMatchObject({ code: 'TARGET_CUT', exitStatus: 14 });
  });
});

describe('a node without end', () => {
  const endless = (facts: (at: number) => string, cursor: (at: number) => string): Fault => {
    let at = 0;
    return (_, response) => {
      response.end(page(facts(at), `,"cursor":"${cursor(at)}"`));
      at++;
      return true;
    };
  };

  test('whose cursor comes again, at once or later', async () => {
    for (const cycle of [1, 3]) {
      const error = await failureWith(
        endless(
          () => '[]',
          (at) => `c${at % cycle}`,
        ),
      );
      expect(error.message).toContain('a cursor that came before');
    }
  });

  test('whose pages are empty', async () => {
    const error = await failureWith(
      endless(
        () => '[]',
        (at) => `c${at}`,
      ),
      { bounds: { maxPages: 20 } },
    );
    expect(error.message).toContain('more than 20 pages');
  });

  test('whose facts are always others, or always the same', async () => {
    for (const id of [(at: number) => `${at}`, () => 'a']) {
      const facts = (at: number): string => `[${FACT.replace('"a"', `"${id(at)}"`)}]`;
      const error = await failureWith(
        endless(facts, (at) => `c${at}`),
        { maxFacts: 20 },
      );
      expect(error).toMatchObject({ code: 'NODE_ANSWER', hint: 'Allow more: --max-facts.' });
    }
  });

  test('over all entities', async () => {
    const node = await startFactServer({
      facts: [{ entity: 'a' }, { entity: 'b' }, { entity: 'b', id: 'other' }],
    });
    const all = { entities: ['a', 'b'], maxFacts: 3 };
    expect((await exportFrom(node, all)).entities[1]!.facts).toHaveLength(2);
    expect((await failureOf(exportFrom(node, { ...all, maxFacts: 2 }))).code).toBe('NODE_ANSWER');
  });

  test('whose answers are large, one or all together', async () => {
    const large = endless(
      () => `[${' '.repeat(50_000)}]`,
      (at) => `c${at}`,
    );
    const one = await failureWith(large, { bounds: { maxAnswerBytes: 40_000 } });
    expect(one).toMatchObject({ code: 'NODE_ANSWER', hint: 'Ask for smaller pages (--limit).' });
    const all = await failureWith(large, { bounds: { maxTotalBytes: 140_000 } });
    expect(all.message).toContain('more than 140000 bytes in all');
  });

  test('whose cursor is absurd', async () => {
    const error = await failureWith(
      endless(
        () => '[]',
        () => 'c'.repeat(5_000),
      ),
    );
    expect(error.message).toContain('a cursor of more than 4096 characters');
  });

  test('who drips: one request has its time, and all have theirs', async () => {
    const drips: Fault = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
      return true;
    };
    const one = await failureWith(drips, { requestTimeoutMs: 200 });
    expect(one.message).toBe('The node gave no whole answer within 0.2 s.');
    const slow: Fault = (url, response) => {
      setTimeout(() => response.end(page('[]', `,"cursor":"${Math.random()}"`)), 20);
      return url.pathname !== '';
    };
    const all = await failureWith(slow, { timeoutMs: 300 });
    expect(all).toMatchObject({ code: 'PEER_SILENT', message: 'The node was not done within 0.3 s.' });
  });
});

describe('the way there', () => {
  test('is no plain http to anywhere', async () => {
    const error = await failureOf(exportFrom({ url: new URL('http://192.0.2.1:8765') }));
    expect(error.code).toBe('PLAIN_HTTP');
    expect(error.message).toContain('read the key and the facts');
  });

  test('may lead to nobody', async () => {
    const error = await failureOf(exportFrom({ url: new URL('http://127.0.0.1:9') }));
    expect(error).toMatchObject({ code: 'PEER_UNREACHABLE', exitStatus: 14 });
  });

  test('ends where the caller stops', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const node = await startFactServer({ fault: () => (stop.abort(reason), true) });
    await expect(exportFrom(node, { signal: stop.signal })).rejects.toBe(reason);
  });
});
