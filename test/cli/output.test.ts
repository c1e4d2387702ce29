import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../src/cli/colour.ts';
import { line, paragraph, styled } from '../../src/cli/line.ts';
import { Output, type OutputSettings } from '../../src/cli/output.ts';
import { writeAll } from '../../src/cli/write-all.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { failingStream, Sink } from './streams.ts';

const EVIL = '\u001b[2J\u202eeve\n';
const EVIL_SHOWN = String.raw`\u{1b}[2J\u{202e}eve\n`;

function makeOutput(settings: Partial<OutputSettings> = {}): { output: Output; stdout: Sink; stderr: Sink } {
  const stdout = new Sink();
  const stderr = new Sink();
  const defaults = { env: {}, colour: 'auto', verbose: false, jsonTo: undefined } as const;
  return { output: new Output({ stdout, stderr, ...defaults, ...settings }), stdout, stderr };
}

describe('line', () => {
  it('shows every value printable, however deep', () => {
    expect(line`peer ${EVIL}: ${styled('red', line`<${EVIL}>`)} ${5} ${7n}`.render(false)).toBe(
      `peer ${EVIL_SHOWN}: <${EVIL_SHOWN}> 5 7`,
    );
    expect(styled('bold', EVIL).render(true)).toBe(`\u001b[1m${EVIL_SHOWN}\u001b[0m`);
    expect(paragraph(EVIL + 'x'.repeat(300)).render(false)).toBe(EVIL_SHOWN + 'x'.repeat(300));
  });
});

describe('Output', () => {
  it('keeps stdout for data', async () => {
    const { output, stdout, stderr } = makeOutput();
    output.tell(line`told`);
    output.detail(line`detail`);
    output.record({ type: 'summary' });
    await output.write('data\n');
    expect([stdout.text, stderr.text]).toEqual(['data\n', 'told\n']);
  });

  it('says details when it is verbose', () => {
    const { output, stderr } = makeOutput({ verbose: true });
    output.detail(line`detail`);
    expect(stderr.text).toBe('detail\n');
  });

  it('shows errors printable, with their hint', () => {
    const { output, stderr } = makeOutput();
    output.fail(new MeshBackupError('PEER_CUT', EVIL, { hint: EVIL }));
    expect(stderr.text).toBe(`Error: ${EVIL_SHOWN}\n${EVIL_SHOWN}\n`);
  });

  it('writes nothing but records with --json, and nothing raw in them', () => {
    const { output, stderr } = makeOutput({ jsonTo: 'stderr' });
    output.warn(line`told ${'x'}`);
    output.record({ type: 'peer', name: EVIL, ts: 2n ** 62n });
    output.fail(new MeshBackupError('PEER_CUT', EVIL));
    const rows = stderr.text.trimEnd().split('\n');
    expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual([
      { type: 'message', level: 'warning', text: 'told x' },
      { type: 'peer', name: EVIL, ts: '4611686018427387904' },
      { type: 'error', code: 'PEER_CUT', exitStatus: 3, message: EVIL },
    ]);
    expect(stderr.text).not.toMatch(/[\p{Cf}\u001b]/u);
  });

  it('fails a flush when the reader of its records is gone', async () => {
    const { output } = makeOutput({ stdout: failingStream('EPIPE'), jsonTo: 'stdout' });
    output.record({ type: 'summary' });
    await expect(output.flush()).rejects.toMatchObject({ code: 'READER_GONE' });
  });
});

describe('writeAll', () => {
  it('tells a reader that went away from a full disk', async () => {
    await expect(writeAll(failingStream('EPIPE'), 'x')).rejects.toMatchObject({ code: 'READER_GONE' });
    await expect(writeAll(failingStream('ENOSPC'), 'x')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});

describe('wantsColour', () => {
  it.each([
    ['auto', {}, true, true],
    ['auto', {}, false, false],
    ['auto', { TERM: 'dumb' }, true, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { FORCE_COLOR: '1' }, false, true],
    ['auto', { FORCE_COLOR: '0' }, true, false],
    ['always', { NO_COLOR: '1' }, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
  ] as const)('%s %j terminal=%s: %s', (choice, env, isTerminal, wanted) => {
    expect(wantsColour(choice, env, isTerminal)).toBe(wanted);
  });
});
