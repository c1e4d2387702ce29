import { describe, expect, test } from 'vitest';
import { exportFrom, markdownOf } from './exporting.ts';
import { startFactServer, type ServedFact } from './fact-server.ts';

const uuid = (high: number, low: number): string =>
  `${high.toString(16).padStart(8, '0')}-0000-4000-8000-${low.toString(16).padStart(12, '0')}`;
const moment = (minute: number): string => new Date(Date.UTC(2026, 7, 1, 0, minute)).toISOString();
const many = (count: number, of: (at: number) => ServedFact): ServedFact[] =>
  Array.from({ length: count }, (_, at) => of(at));

describe('what is written', () => {
  test('heading, node, scope, entities, a line for each fact, counts of contradictions', async () => {
    const node = await startFactServer({
      facts: [
        { relation: 'owner', value: '{"type":"ref","v":"agent:bot-1"}', confidence: '0.90' },
        { relation: 'budget', value: '{"v":12345678901234567890.10,"type":"number"}' },
        { relation: 'seen', value: '{"type":"null","v":null}', source: 'x', scope: 'company', id: 'z' },
        { entity: 'agent:bot-1', relation: 'none', value: '{"type":"null"}', timestamp: '' },
      ],
      conflicts: [
        { conflict_id: 'a', status: 'unresolved', scope: 'team' },
        { conflict_id: 'b', status: 'resolved', scope: 'team' },
        { conflict_id: 'c', status: 'resolved', scope: 'a|b' },
        { conflict_id: 'd', status: 'unresolved' },
      ],
    });
    const exported = await exportFrom(node, {
      entities: ['team:ops', 'agent:bot-1', 'team:none'],
      contradictions: true,
    });
    const { text, findings } = markdownOf(exported);
    expect(findings).toEqual([]);
    expect(text).toBe(
      [
        '# Facts of a Stigmem node, to be read',
        '',
        '**This is no backup and no restore format**: nothing can be restored from it. Use `mesh-backup snapshot create`.',
        '',
        '- **Exported:** 2026-08-24T03:00:00.000Z',
        '- **Node:** `http://node.example:8765/`',
        '- **Scope:** `team`',
        '- **Entities:** `team:ops`, `agent:bot-1`, `team:none`',
        '- **Facts:** 4',
        '- **Contradicted facts:** left out by the node',
        '- **Expired facts:** left out by the node',
        '',
        'In what the node said, `\\\\` stands for a backslash, `\\n` for the end of a line, `\\u{202e}` for the character of this number.',
        '',
        '## Entity `team:ops`',
        '',
        '- **`budget`** (source `agent:bot-1`, confidence `1.0`, type `number`, at `2026-08-01T00:00:00+00:00`): `12345678901234567890.10`',
        '- **`owner`** (source `agent:bot-1`, confidence `0.90`, type `ref`, at `2026-08-01T00:00:00+00:00`): `agent:bot-1`',
        '- **`seen`** (source `x`, confidence `1.0`, type `null`, at `2026-08-01T00:00:00+00:00`, scope `company`): `null`',
        '',
        '## Entity `agent:bot-1`',
        '',
        '- **`none`** (source `agent:bot-1`, confidence `1.0`, type `null`): *no value*',
        '',
        '## Entity `team:none`',
        '',
        '*No facts.*',
        '',
        '## Contradictions on the node',
        '',
        '| Scope | Unresolved | Resolved | Total |',
        '| --- | ---: | ---: | ---: |',
        '| `a\\u{7c}b` | 0 | 1 | 1 |',
        '| `team` | 1 | 1 | 2 |',
        '| *unknown* | 1 | 0 | 1 |',
        '',
      ].join('\n'),
    );
    expect(markdownOf(exported).text).toBe(text);
  });

  test('values that are no strings are JSON on one line, digits and order kept', async () => {
    const value = '{"type":"json", "v": { "b" : [1e400, -0, {"a":[]}], "a": "\\ud800\\n", "c": true } }';
    const node = await startFactServer({ facts: [{ value }] });
    const { text } = markdownOf(await exportFrom(node));
    expect(text).toContain(
      String.raw`: ${'`'}{"b":[1e400,-0,{"a":[]}],"a":"\\ud800\\n","c":true}${'`'}` + '\n',
    );
  });

  test('no depth is too deep', async () => {
    const depth = 200_000;
    const value = `{"type":"json","v":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const node = await startFactServer({ facts: [{ value }] });
    const exported = await exportFrom(node);
    expect(exported.entities[0]!.facts[0]!.value).toHaveLength(2 * depth);
  });

  test('a long value is cut, says so there and on top, and is whole where more is allowed', async () => {
    const node = await startFactServer({ facts: [{ value: `{"type":"text","v":"${'x'.repeat(70_000)}"}` }] });
    const exported = await exportFrom(node);
    const cut = markdownOf(exported);
    expect(cut.text).toContain(`${'x'.repeat(65_536)}\` *(cut: 65536 of 70000 characters)*\n`);
    expect(cut.findings).toEqual(['1 text is cut at 65536 characters']);
    expect(cut.text).toContain('\n- **Not whole:** 1 text is cut at 65536 characters\n');
    const whole = markdownOf(exported, 70_000);
    expect(whole.findings).toEqual([]);
    expect(whole.text).toContain(`: \`${'x'.repeat(70_000)}\`\n`);
  });

  test('what is asked for is asked: names, scope and switches', async () => {
    const node = await startFactServer({
      apiKey: 'k3y',
      facts: [
        { entity: 'a&b=c d', contradicted: true },
        { entity: 'a&b=c d', valid_until: '2026-01-01' },
      ],
    });
    const plain = await exportFrom(node, { apiKey: 'k3y', entities: ['a&b=c d'] });
    expect(plain.entities[0]!.facts).toEqual([]);
    const exported = await exportFrom(node, {
      apiKey: 'k3y',
      entities: ['a&b=c d'],
      includeContradicted: true,
      includeExpired: true,
    });
    const { text } = markdownOf(exported);
    expect(text).toContain('`, contradicted): `fine`');
    expect(text).toContain(', until `2026-01-01`): `fine`');
    expect(new Set(node.keys)).toEqual(new Set(['Bearer k3y']));
    expect(new URL(node.asked[0]!, 'http://x').searchParams.get('entity')).toBe('a&b=c d');
  });

  test('without a key none is sent', async () => {
    const node = await startFactServer();
    await exportFrom(node);
    expect(node.keys).toEqual([undefined]);
  });
});

describe('pages', () => {
  test('are followed to their end, in whatever size: the same text', async () => {
    const facts = many(23, (at) => ({ id: `id-${at}`, relation: `r${at % 5}`, timestamp: moment(at) }));
    const node = await startFactServer({ facts });
    const [whole, small] = await Promise.all([exportFrom(node), exportFrom(node, { limit: 7 })]);
    expect(node.asked.filter((path) => path.includes('limit=7'))).toHaveLength(4);
    expect(small.entities[0]!.facts).toHaveLength(23);
    expect(markdownOf(small)).toEqual(markdownOf(whole));
  });

  test('those of contradictions, too; what was resolved meanwhile counts once', async () => {
    const ids = (count: number, status: 'unresolved' | 'resolved') =>
      many(count, () => ({})).map((_, at) => ({ conflict_id: `c${at}`, status, scope: 'team' }));
    const node = await startFactServer({ conflicts: [...ids(1234, 'unresolved'), ...ids(600, 'resolved')] });
    const { contradictions } = await exportFrom(node, { contradictions: true });
    expect(contradictions).toEqual({
      scopes: [{ scope: 'team', unresolved: 634, resolved: 600 }],
      isDoubtful: false,
    });
  });

  test('of the published node repeat facts and lose others: that is found', async () => {
    const facts = many(50, (at) => ({
      id: uuid((at * 7919) % 50, at),
      timestamp: moment(at),
      relation: `r${at}`,
    }));
    const node = await startFactServer({ facts, paging: 'published' });
    for (const limit of [1, 5, 20]) {
      const exported = await exportFrom(node, { limit });
      const ids = exported.entities[0]!.facts.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeLessThan(50);
      expect(exported.entities[0]!.isDoubtful).toBe(true);
      const { text, findings } = markdownOf(exported);
      expect(findings).toEqual([expect.stringMatching(/^facts of `team:ops` may be missing: /)]);
      expect(text).toContain('\n- **Not whole:** facts of `team:ops` may be missing: ');
    }
    const whole = await exportFrom(node, { limit: 50 });
    expect(whole.entities[0]).toMatchObject({ isDoubtful: false });
    expect(whole.entities[0]!.facts).toHaveLength(50);
  });

  test('an empty page may have a next one', async () => {
    const node = await startFactServer({
      facts: [{}],
      fault: (url, response) => {
        if (url.searchParams.has('cursor')) return false;
        response.end('{"facts":[],"total":0,"cursor":"after-0"}');
        return true;
      },
    });
    expect((await exportFrom(node)).entities[0]!.facts).toHaveLength(1);
  });
});

describe('the total', () => {
  const facts = many(5, (at) => ({ id: `id-${at}` }));

  test.each([
    ['of the page', String],
    ['of all', () => '5'],
    ['none', () => 'null'],
  ])('%s is right', async (_, total) => {
    const node = await startFactServer({ facts, total });
    for (const limit of [2, 5]) {
      expect((await exportFrom(node, { limit })).entities[0]!.otherTotal).toBeUndefined();
    }
  });

  test('of others than came is a finding', async () => {
    const node = await startFactServer({ facts, total: () => '7' });
    for (const limit of [2, 5]) {
      expect(markdownOf(await exportFrom(node, { limit })).findings).toEqual([
        'of `team:ops` the node says 7 facts, and gave 5',
      ]);
    }
  });
});

test('contradictions that are cut off are a lower bound', async () => {
  const node = await startFactServer({
    fault: (url, response) => {
      if (url.pathname !== '/v1/conflicts') return false;
      response.end(
        '{"conflicts":[{"conflict_id":"a","fact_b":{"scope":"team"}}],"cursor":null,"has_more":true}',
      );
      return true;
    },
  });
  const { text, findings } = markdownOf(await exportFrom(node, { contradictions: true }));
  expect(findings).toEqual(['there may be more contradictions than are counted']);
  expect(text).toContain('\n| `team` | ≥ 0 | ≥ 1 | ≥ 1 |\n');
});
