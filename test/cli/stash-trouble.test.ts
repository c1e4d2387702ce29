import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ALICE } from '../restore/restoring.ts';
import { DOCUMENT, dump, makeFolder, nara, restore, seal, sentTo, unseal } from './stash-scene.ts';

type Handler = (path: string, response: ServerResponse, body: string) => void;

/** Says that it is Alice, and does for the rest as it is told. */
async function serve(handler: Handler): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { url: path = '' } = request;
    asked.push(path);
    handler(path, response, body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const PING = JSON.stringify({ from: 'alice', public_key: ALICE.publicKey });
const statusOf = (document: string): string =>
  `{"has_stash":true,"my_stash":{"timestamp":7,"data":${document}},"confidants":[]}`;

describe('a connection that breaks', () => {
  const broken = {
    'in /ping': (_: string, response: ServerResponse) => void response.destroy(),
    'halfway through the status': (path: string, response: ServerResponse) => {
      if (path === '/ping') {
        response.end(PING);
        return;
      }
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('{"has_stash":');
      setTimeout(() => response.destroy(), 20);
    },
  };

  test.each(Object.entries(broken))('%s is nobody to talk to', async (_, handler) => {
    const there = await serve(handler);
    for (const finished of await Promise.all([
      dump(there),
      restore(there, ['--yes'], { stdin: seal(DOCUMENT) }),
    ])) {
      expect(finished.status).toBe(14);
      expect(finished.stderr).toContain('Error: The connection broke: ');
    }
    expect(there.asked).not.toContain('/api/stash/update');
  });
});

describe('what --plain is given', () => {
  test('no sealed stash: it would be stored as it is', async () => {
    const alice = await nara();
    const { status, stderr } = await restore(alice, ['--plain', '--yes'], { stdin: seal(DOCUMENT) });
    expect(status).toBe(2);
    expect(stderr).toBe('Error: This is a sealed stash, no bare document.\nLeave out --plain.\n');
    expect(alice.requests).toEqual([]);
  });

  test('a document that the nara spells six times as long comes back', async () => {
    const alice = await nara();
    const document = `{"a":"${'<'.repeat(4_000_000)}"}`;
    const restored = await restore(alice, ['--plain', '--yes'], { stdin: document });
    expect(restored).toMatchObject({ status: 0 });
    const dumped = await dump(alice);
    expect(dumped.status).toBe(0);
    expect(unseal(dumped.stdout)).toBe(alice.stash);
    const again = await restore(alice, ['--yes'], { stdin: dumped.stdout });
    expect(again.stderr).toContain('holds this stash already');
    const bare = await dump(alice, ['--plain']);
    expect(bare.stderr).toContain('⚠️  This is more than restore-stash takes bare');
  });

  test('nothing longer than four mebibytes', async () => {
    const alice = await nara();
    const stdin = `{"a":"${'a'.repeat(4 * 1024 * 1024)}"}`;
    expect((await restore(alice, ['--plain', '--yes'], { stdin })).status).toBe(16);
    expect(alice.requests).toEqual([]);
  });
});

test('a changed stash is found although no nara is there', async () => {
  const nobody = { url: 'http://127.0.0.1:9' };
  const stdin = seal(DOCUMENT).replace('"name":"alice"', '"name":"alicf"');
  expect((await restore(nobody, ['--yes'], { stdin })).status).toBe(13);
  expect((await restore(nobody, ['--yes'], { stdin: seal(DOCUMENT) })).status).toBe(14);
});

describe('a stash that changes under way', () => {
  /** Gives these one after another, then the last, or what it was given. */
  async function changing(documents: readonly string[]): Promise<Awaited<ReturnType<typeof serve>>> {
    let looks = 0;
    let given: string | undefined;
    return serve((path, response, body) => {
      if (path === '/ping') response.end(PING);
      else if (path === '/api/stash/update') {
        given = body;
        response.end('{"success":true,"message":""}');
      } else response.end(statusOf(given ?? documents[Math.min(looks++, documents.length - 1)]!));
    });
  }

  test('the newer one is kept with --yes', async () => {
    const there = await changing(['{"old":1}', '{"newer":1}']);
    const cwd = await makeFolder();
    const args = ['--yes', '--pre-restore', 'kept'];
    const { status, stderr } = await restore(there, args, { stdin: seal(DOCUMENT), cwd });
    expect(status).toBe(0);
    expect(stderr).toMatch(/⚠️ {2}alice was given another stash meanwhile\nReplaces: .*keys: newer\n/);
    expect(unseal(await readFile(join(cwd, 'kept'), 'utf8'))).toBe('{"newer":1}');
  });

  test('and nothing is sent where it is ours', async () => {
    const there = await changing(['{"old":1}', DOCUMENT]);
    const { status, stderr } = await restore(there, ['--yes'], { stdin: seal(DOCUMENT) });
    expect(status).toBe(0);
    expect(stderr).toContain('✅ alice holds this stash already: nothing was sent');
    expect(there.asked).not.toContain('/api/stash/update');
  });
});

describe.skipIf(process.platform === 'win32')('a bare document that others can read', () => {
  test('is warned of', async () => {
    const alice = await nara({ document: DOCUMENT });
    const cwd = await makeFolder();
    const path = join(cwd, 'a.json');
    await writeFile(path, 'before');
    await chmod(path, 0o644);
    const { status, stderr } = await dump(alice, ['--plain', '-o', path]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^⚠️ {2}Others on this machine may get at .*a\.json: its mode is 0644; chmod 600/);
    expect((await dump(alice, ['-o', path])).stderr).toBe('');
    expect((await dump(alice, ['--plain', '-o', join(cwd, 'b.json')])).stderr).toBe('');
  });
});

describe('on the command line', () => {
  test('--recover-timeout without --recover is a mistake', async () => {
    const alice = await nara();
    const { status, stderr } = await dump(alice, ['--recover-timeout', '5s']);
    expect(status).toBe(2);
    expect(stderr).toContain('--recover-timeout says how long --recover waits');
    expect(alice.requests).toEqual([]);
  });

  test('--pre-restore takes no stdout, and /dev/null keeps nothing', async () => {
    const alice = await nara({ document: '{"old":1}' });
    const refused = await restore(alice, ['--yes', '--pre-restore', '-'], { stdin: seal(DOCUMENT) });
    expect(refused.status).toBe(2);
    expect(alice.requests).toEqual([]);
    const kept = await restore(alice, ['--yes', '--pre-restore', '/dev/null'], { stdin: seal(DOCUMENT) });
    expect(kept.status).toBe(0);
    expect(kept.stderr).not.toContain('is kept');
    expect(sentTo(alice)).toEqual(['/api/stash/update']);
  });

  test('a key that comes twice is named once', async () => {
    const alice = await nara();
    const args = ['--plain', '--dry-run', '--accept-damage'];
    const { stderr } = await restore(alice, args, { stdin: '{"a":1,"a":2,"b":3}' });
    expect(stderr).toContain('keys: a, b\n');
  });
});
