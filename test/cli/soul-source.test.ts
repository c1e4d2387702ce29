import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import type { SecretSurroundings } from '../../src/cli/secret-source.ts';
import { readSoulText, type SoulFlags } from '../../src/cli/soul-source.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { environmentWithoutSecrets } from '../../src/mesh/secret-environment.ts';
import { Sink } from './streams.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-soul-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(content: string, name = 'file'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const terminal = new Sink({ columns: 80, rows: 24 });

function read(flags: SoulFlags, more: Partial<SecretSurroundings> = {}): Promise<string> {
  const streams = { stdout: new Sink(), stderr: terminal };
  terminal.text = '';
  const output = new Output({ ...streams, env: {}, colour: 'never', verbose: false, jsonTo: undefined });
  const env = { PATH: process.env['PATH'] };
  const signal = new AbortController().signal;
  return readSoulText(flags, { env, output, signal, stdin: Readable.from([]), stdinIsData: false, ...more });
}

/** The error, after making sure that it does not show the secret. */
async function failureOf(reading: Promise<string>): Promise<MeshBackupError> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MeshBackupError);
  expect(`${(error as MeshBackupError).message} ${(error as MeshBackupError).hint ?? ''}`).not.toContain(
    'SECRET',
  );
  return error as MeshBackupError;
}

describe('readSoulText', () => {
  it('takes the flag that is there, before the environment', async () => {
    const env = { NARA_SOUL: 'from env', CREDENTIALS_DIRECTORY: folder, PATH: process.env['PATH'] };
    file('from credentials\n', 'soul');
    expect(await read({ soul: 'flag' }, { env: { ...env } })).toBe('flag');
    expect(await read({ soulFile: file('of file') }, { env: { ...env } })).toBe('of file');
    expect(await read({ soulCommand: 'echo of command' }, { env: { ...env } })).toBe('of command');
    expect(await read({}, { env: { ...env } })).toBe('from env');
    expect(await read({}, { env: { ...env, NARA_SOUL: '' } })).toBe('from credentials');
  });

  it('takes the soul out of the environment in any case', async () => {
    for (const flags of [{}, { soul: 'flag' }]) {
      const env: NodeJS.ProcessEnv = { NARA_SOUL: 'from env' };
      await read(flags, { env });
      expect(env).not.toHaveProperty('NARA_SOUL');
    }
  });

  it('tells on a terminal what -soul gives away, and nothing for the other ways', async () => {
    await read({ soul: 'SECRET' });
    expect(terminal.text).toMatch(/^⚠️ {2}-soul .*history.*\n$/);
    expect(terminal.text).not.toContain('SECRET');
    await read({ soulFile: file('x') });
    expect(terminal.text).toBe('');
  });

  it.each([
    ['a\n', 'a'],
    ['a\r\n', 'a'],
    ['a\n\n', 'a\n'],
    [' a ', ' a '],
    ['', ''],
    ['x'.repeat(4096), 'x'.repeat(4096)],
  ])('takes one line end off %j', async (content, text) => {
    expect(await read({ soulFile: file(content) })).toBe(text);
    expect(await read({ soulFile: '-' }, { stdin: Readable.from([Buffer.from(content)]) })).toBe(text);
  });

  it('refuses two flags, and stdin where it is the data', async () => {
    expect((await failureOf(read({ soul: 'SECRET', soulFile: 'x' }))).code).toBe('USAGE');
    const stdin = Readable.from([Buffer.from('SECRET')]);
    expect((await failureOf(read({ soulFile: '-' }, { stdin, stdinIsData: true }))).code).toBe('USAGE');
  });

  it.each([
    ['a missing file', { soulFile: '/nowhere/SECRET' }, 'ENOENT'],
    ['a folder', { soulFile: tmpdir() }, 'EISDIR'],
    ['a failing command', { soulCommand: 'echo SECRET; exit 7' }, 'status 7'],
    ['a killed command', { soulCommand: 'echo SECRET; kill -9 $$' }, 'SIGKILL'],
    ['an endless command', { soulCommand: 'yes SECRET 2>/dev/null' }, 'longer than 4096'],
  ])('%s is SECRET_UNREADABLE', async (_, flags, reason) => {
    const error = await failureOf(read(flags));
    expect(error.code).toBe('SECRET_UNREADABLE');
    expect(error.message).toContain(reason);
  });

  it('does not wait for what a failed command leaves running', async () => {
    const child = join(folder, 'child');
    const error = await failureOf(
      read({ soulCommand: `sleep 1000 2>/dev/null & echo $! > '${child}'; exit 7` }),
    );
    process.kill(Number(readFileSync(child, 'utf8')));
    expect(error.message).toContain('status 7');
  });

  it('refuses more than 4 KiB', async () => {
    const error = await failureOf(read({ soulFile: file('SECRET'.repeat(800)) }));
    expect(error).toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  it('does not start a command when it is stopped already', async () => {
    const reason = new MeshBackupError('INTERRUPTED', 'Stopped.');
    const soulCommand = `echo SECRET > ${join(folder, 'started')}`;
    expect(await failureOf(read({ soulCommand }, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });

  it('gives up on a command after its time, or on a signal', async () => {
    const late = await failureOf(read({ soulCommand: 'sleep 5; echo SECRET' }, { commandTimeoutMs: 50 }));
    expect(late.message).toContain('not done after 0.05 s');
    const reason = new MeshBackupError('INTERRUPTED', 'Stopped.');
    const stop = new AbortController();
    const reading = failureOf(read({ soulCommand: 'exec sleep 100' }, { signal: stop.signal }));
    stop.abort(reason);
    expect(await reading).toBe(reason);
  });

  it('keeps our secrets and our stdin from the command', async () => {
    const env = { PATH: process.env['PATH'], NARA_SOUL: 'SECRET', TS_AUTHKEY: 'SECRET', OTHER: 'x' };
    expect(await read({ soulCommand: 'echo "$NARA_SOUL,$TS_AUTHKEY,$OTHER,$(cat)"' }, { env })).toBe(',,x,');
    expect(environmentWithoutSecrets({ NARA_SOUL: 'a', TS_AUTHKEY: 'b', TS_AUTH_KEY: 'c', A: 'd' })).toEqual({
      A: 'd',
    });
  });

  it('says what to do where no soul is', async () => {
    const error = await failureOf(read({}, { env: { CREDENTIALS_DIRECTORY: '/nowhere' } }));
    expect(error.code).toBe('SOUL_MISSING');
    expect(error.hint).toContain('--soul-file');
  });
});
