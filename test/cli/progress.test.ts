import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { line } from '../../src/cli/line.ts';
import { Output, type OutputSettings } from '../../src/cli/output.ts';
import {
  columnsOf,
  cutToColumns,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatSpeed,
  remainingMs,
} from '../../src/cli/progress-format.ts';
import { progressRows, type PeerProgress, type ProgressSnapshot } from '../../src/cli/progress-rows.ts';
import { startProgress } from '../../src/cli/progress.ts';
import { screenAfter } from './screen.ts';
import { Sink } from './streams.ts';

const bar = (fraction: number, columns: number): string =>
  '#'.repeat(Math.round(fraction * columns)).padEnd(columns);

function snapshot(more: Partial<ProgressSnapshot> = {}): ProgressSnapshot {
  return { label: 'Fetching', events: 1500, bytes: 3e6, perPeer: [], startedMs: 0, nowMs: 3000, ...more };
}

function peers(count: number): PeerProgress[] {
  const states = ['done', 'active', 'failed', 'waiting'] as const;
  return Array.from({ length: count }, (_, index) => ({
    name: `peer-${index}`,
    state: states[index % 4]!,
    events: index * 1000,
    bytes: index * 1e6,
  }));
}

describe('the formats', () => {
  it('count, bytes, durations, rates', () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([0, 999, 1000, 1549, 9949, 9960, 999_499, 999_500, 5e12].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.5 kB',
      '9.9 kB',
      '10 kB',
      '999 kB',
      '1.0 MB',
      '5.0 TB',
    ]);
    expect(
      [0, 59_499, 59_500, 65_000, 3_600_000, 7_380_000, 273_600_000, NaN, Infinity, -1].map(formatDuration),
    ).toEqual(['0s', '59s', '1m00s', '1m05s', '1h00m', '2h03m', '3d04h', '?', '?', '?']);
    expect(formatRate(3000, 2000)).toBe('1,500 events/s');
    expect(formatSpeed(9e6, 2000)).toBe('4.5 MB/s');
    expect([formatRate(5, 0), formatSpeed(5, 0)]).toEqual(['? events/s', '?/s']);
  });

  it('the time that is left', () => {
    expect(remainingMs(25, 100, 1000)).toBe(3000);
    expect(remainingMs(100, 100, 1000)).toBe(0);
    expect(remainingMs(25, undefined, 1000)).toBeUndefined();
    expect(remainingMs(0, 100, 1000)).toBeUndefined();
  });

  it('cuts to columns', () => {
    expect(cutToColumns('abcdef', 6)).toBe('abcdef');
    expect(cutToColumns('abcdefg', 6)).toBe('abcd…');
    expect(cutToColumns('日本語', 5)).toBe('日…');
    expect(cutToColumns('abc', 1)).toBe('');
  });
});

describe('progressRows', () => {
  it('shows everything where there is room', () => {
    const rows = progressRows(snapshot({ totalEvents: 3000, perPeer: peers(3) }), 140, 10, bar);
    expect(rows).toEqual([
      'Fetching  [##########          ]  1,500 events  2/3 peers  ETA 3s  500 events/s  1.0 MB/s  3.0 MB  3s',
      '  peer-1                    active      1,000 events  1.0 MB',
      '  peer-0                    done        0 events  0 B',
      '  peer-2                    failed      2,000 events  2.0 MB',
    ]);
  });

  it('keeps the most important in a narrow window', () => {
    expect(progressRows(snapshot({ totalEvents: 3000, perPeer: peers(3) }), 40, 1, bar)).toEqual([
      'Fetching  1,500 events  2/3 peers',
    ]);
  });

  it('sums up the peers that do not fit', () => {
    const rows = progressRows(snapshot({ perPeer: peers(40) }), 80, 5, bar);
    expect(rows).toHaveLength(5);
    expect(rows.at(-1)).toBe('  and 37 more: 7 active, 10 waiting, 10 done, 10 failed');
  });

  it('never needs more room than there is, whatever the names', () => {
    const peer = fc.record({
      name: fc.string({ unit: 'binary', maxLength: 60 }),
      state: fc.constantFrom('waiting', 'active', 'done', 'incomplete', 'failed'),
      events: fc.nat(),
      bytes: fc.nat(),
    }) as fc.Arbitrary<PeerProgress>;
    fc.assert(
      fc.property(
        fc.array(peer),
        fc.integer({ min: 5, max: 120 }),
        fc.integer({ min: 1, max: 30 }),
        (perPeer, columns, maxRows) => {
          const rows = progressRows(snapshot({ perPeer }), columns, maxRows, bar);
          expect(rows.length).toBeLessThanOrEqual(maxRows);
          for (const row of rows) {
            expect(columnsOf(row)).toBeLessThanOrEqual(columns);
            expect(row).not.toMatch(/\p{C}/u);
          }
        },
      ),
    );
  });
});

describe('startProgress', () => {
  function outputOn(stderr: Sink, more: Partial<OutputSettings> = {}): Output {
    const stdout = new Sink();
    return new Output({
      stdout,
      stderr,
      env: {},
      colour: 'never',
      verbose: false,
      jsonTo: undefined,
      ...more,
    });
  }

  it.each([40, 80])('draws below the lines of %d columns, smears nothing and goes away', (columns) => {
    const stderr = new Sink({ columns, rows: 8 });
    const output = outputOn(stderr);
    const progress = startProgress(output, true);
    output.tell(line`before`);
    progress.update(snapshot({ perPeer: peers(3) }));
    output.tell(line`first`);
    progress.update(snapshot({ perPeer: peers(20), events: 2000 }));
    output.tell(line`second`);
    output.tell(line`third`);
    const shown = screenAfter(stderr.text, columns - 1);
    expect(shown.slice(0, 4)).toEqual(['before', 'first', 'second', 'third']);
    expect(shown).toHaveLength(4 + 6);
    expect(shown[4]).toMatch(/^Fetching .*2,000 events/);
    expect(shown[9]).toMatch(/^ {2}and 16 more/);

    progress.update(snapshot({ perPeer: peers(2) }));
    output.tell(line`fourth`);
    expect(screenAfter(stderr.text, columns - 1)).toHaveLength(5 + 3);
    progress.stop();
    output.tell(line`after`);
    expect(screenAfter(stderr.text, columns - 1)).toEqual([
      'before',
      'first',
      'second',
      'third',
      'fourth',
      'after',
    ]);
  });

  it('follows a window that becomes smaller', () => {
    const stderr = new Sink({ columns: 80, rows: 24 });
    const output = outputOn(stderr);
    const progress = startProgress(output, true);
    progress.update(snapshot({ perPeer: peers(10) }));
    output.tell(line`wide`);
    stderr.text = '';
    stderr.columns = 40;
    output.tell(line`narrow`);
    expect(() => screenAfter(stderr.text, 39)).not.toThrow();
    progress.stop();
  });

  const later = (nowMs: number): ProgressSnapshot => snapshot({ nowMs });

  it('says a line every five seconds with -verbose, and nothing without', () => {
    for (const verbose of [true, false]) {
      const stderr = new Sink();
      const progress = startProgress(outputOn(stderr, { verbose }), true);
      for (const nowMs of [0, 4999, 5000, 9999, 10_000]) progress.update(later(nowMs));
      expect(stderr.text.split('\n').length - 1).toBe(verbose ? 2 : 0);
    }
  });

  it('writes records with --json', () => {
    const stderr = new Sink({ columns: 80, rows: 24 });
    const progress = startProgress(outputOn(stderr, { jsonTo: 'stderr' }), true);
    progress.update(later(5000));
    expect(JSON.parse(stderr.text)).toMatchObject({ type: 'progress', events: 1500, peers: [] });
  });

  it('does not draw over data on the same terminal, nor on a dumb one', () => {
    const terminal = { columns: 80, rows: 24 };
    for (const settings of [{ stdout: new Sink(terminal) }, { env: { TERM: 'dumb' } }]) {
      const stderr = new Sink(terminal);
      const output = outputOn(stderr, settings);
      startProgress(output, true).update(later(9000));
      output.tell(line`a line makes bars show at once`);
      expect(stderr.text).toBe('a line makes bars show at once\n');
    }
  });
});
