import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assertOwnIsPossible, findTailscaled } from '../../src/mesh/find-tailscaled.ts';
import { failureOf } from './asking.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'find-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function program(folder: string, mode = 0o755): string {
  const path = join(folder, 'tailscaled');
  writeFileSync(path, '', { mode });
  return path;
}

describe('the program tailscaled', () => {
  it('is looked for in PATH, then where services are, passing by what is none', async () => {
    const [first, second, third] = [makeFolder(), makeFolder(), makeFolder()];
    mkdirSync(join(first, 'tailscaled'));
    program(second, 0o644);
    const path = program(third);
    const PATH = `:.:${first}:/nowhere:${second}`;
    expect(await findTailscaled(undefined, { PATH: `${PATH}:${third}` }, [])).toBe(path);
    expect(await findTailscaled(undefined, { PATH }, [third])).toBe(path);
    chmodSync(join(second, 'tailscaled'), 0o755);
    expect(await findTailscaled(undefined, { PATH }, [third])).toBe(join(second, 'tailscaled'));
  });

  it('is never where an entry of PATH is relative: that depends on where we are', async () => {
    const folder = makeFolder();
    program(folder);
    const PATH = `:${relative(process.cwd(), folder)}`;
    const failure = await failureOf(findTailscaled(undefined, { PATH }, []));
    expect(failure).toMatchObject({ code: 'MESH_NO_DAEMON', exitStatus: 14 });
    expect(failure.message).toBe('Failed to connect to mesh: no tailscaled is installed.');
    expect(failure.hint).toMatch(/need not run as a service/);
  });

  it('is the one that is named', async () => {
    const path = program(makeFolder());
    expect(await findTailscaled(path, {}, [])).toBe(path);
    const failure = await failureOf(findTailscaled(`${path}x`, { PATH: join(path, '..') }));
    expect(failure.code).toBe('MESH_NO_DAEMON');
  });

  it('of our own is for systems with a shell', () => {
    expect(() => {
      assertOwnIsPossible('win32');
    }).toThrow(/not supported on Windows/);
    expect(() => {
      assertOwnIsPossible('linux');
    }).not.toThrow();
  });
});
