import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Service } from '../../src/drill/service.ts';
import { newFolder } from '../managed/authority.ts';
import { startModule } from '../jsonl/node-child.ts';
import { livingOf } from './drilling.ts';

interface Started {
  readonly service: Service;
  readonly folder: string;
  /** Resolves to the rest of the line that begins so. */
  readonly said: (begin: string) => Promise<string>;
}

function started(command: string, env: NodeJS.ProcessEnv = {}): Started {
  const folder = newFolder();
  const lines: string[] = [];
  let onNews = (): void => undefined;
  const service = new Service({
    command: `echo group $$; ${command}`,
    env: { PATH: process.env['PATH'], NODE: process.execPath, FOLDER: folder, ...env },
    onLine: (line) => {
      lines.push(line);
      onNews();
    },
  });
  const said = async (begin: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.startsWith(begin));
      if (found !== undefined) return found.slice(begin.length).trim();
      await new Promise<void>((resolve) => (onNews = resolve));
    }
  };
  return { service, folder, said };
}

/** A server that ends well when it is asked to, and writes that down. */
const POLITE = `"$NODE" -e '
  process.on("SIGTERM", () => { require("fs").writeFileSync(process.env.FOLDER + "/ended", ""); process.exit(); });
  setInterval(() => {}, 1000);
  console.log("ready");'`;
const DEAF = `"$NODE" -e 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ready")'`;

test.each([
  ['a command', `exec ${POLITE}`],
  ['a command under a shell', POLITE],
  ['a command behind a shell that waits', `${POLITE} & wait`],
  ['a command behind a shell that is gone', `(${POLITE} &) ; exit 0`],
  ['one of a shell of a shell', `sh -c '${POLITE.replaceAll("'", String.raw`'\''`)} & wait'`],
])('%s: may end by itself, and all of its group is gone then', async (_, command) => {
  const { service, folder, said } = started(command);
  const group = Number(await said('group'));
  await said('ready');
  expect(livingOf(group)).not.toEqual([]);
  await service.stop();
  expect(livingOf(group)).toEqual([]);
  expect(existsSync(join(folder, 'ended'))).toBe(true);
});

test('what is deaf to SIGTERM is gone as well', async () => {
  const { service, said } = started(`${DEAF} & wait`);
  const group = Number(await said('group'));
  await said('ready');
  await service.stop();
  expect(livingOf(group)).toEqual([]);
});

test.each([
  ['echo oh >&2; echo it cannot be >&2; echo bye >&2; exit 3', 'it ended (status 3)', 'it cannot be'],
  ['exit 0', 'it ended (status 0)', 'group'],
  ['kill -KILL $$', 'it ended (SIGKILL)', 'group'],
  ['no-such-command-here', 'it ended (status 127)', 'not found'],
])('how it ended is told, and what it said apart from that: %s', async (command, how, words) => {
  const { service } = started(command);
  expect(await service.ended).toBe(how);
  await expect.poll(() => service.lastWords()).toContain(words);
  await service.stop();
});

test('it gets the environment without secrets of ours, and no stdin', async () => {
  const { service, folder } = started('env > "$FOLDER/env"; cat > "$FOLDER/stdin"', {
    DB_PATH: '/scratch.db',
    STIGMEM_FEDERATION_PRIVKEY: 'secret',
    NARA_SOUL: 'secret',
  });
  await service.ended;
  await service.stop();
  const env = readFileSync(join(folder, 'env'), 'utf8');
  expect(env).toContain('DB_PATH=/scratch.db');
  expect(env).not.toContain('secret');
  expect(readFileSync(join(folder, 'stdin'), 'utf8')).toBe('');
});

test('it does not outlive us where we end at once', async () => {
  const built = new URL('../../dist/drill/service.js', import.meta.url).href;
  const code = `import { Service } from '${built}';
    new Service({
      command: 'echo group $$; exec sleep 600',
      env: process.env,
      onLine: (line) => { console.log(line); process.exit(130); },
    });`;
  const child = startModule(code);
  let said = '';
  child.stdout!.on('data', (bytes: Buffer) => (said += bytes.toString('utf8')));
  await new Promise((resolve) => child.on('close', resolve));
  const group = Number(/group (\d+)/.exec(said)?.[1]);
  expect(group).toBeGreaterThan(0);
  await expect.poll(() => livingOf(group), { timeout: 20_000 }).toEqual([]);
});
