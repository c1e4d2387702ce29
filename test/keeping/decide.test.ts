import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type DecideOptions, type Known } from '../../src/keeping/decide.ts';
import type { Kind } from '../../src/keeping/probe.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const OPTIONS: DecideOptions = { policy: { last: 1 }, nowMs: NOW, includeBad: false };

interface Fields {
  readonly kind?: Kind;
  readonly series?: string;
  readonly daysAgo?: number | undefined;
  readonly flaws?: readonly string[];
}

function known(name: string, { kind = 'events', series = 's', flaws = [], ...fields }: Fields = {}): Known {
  const daysAgo = 'daysAgo' in fields ? fields.daysAgo : 0;
  const time =
    daysAgo === undefined ? undefined : { timeMs: NOW - daysAgo * 86_400_000, by: 'event' as const };
  return { name, kind, series, time, flaws };
}

function outcome(files: readonly Known[], options: Partial<DecideOptions> = {}): string[] {
  return decide(files, { ...OPTIONS, ...options }).map(
    ({ file, action, reasons }) => `${action} ${file.name}: ${reasons.join(', ')}`,
  );
}

test('the policy is for each series, and kinds are never one series', () => {
  const files = [
    known('a1', { daysAgo: 1 }),
    known('a2', { daysAgo: 2 }),
    known('b1', { series: 'other', daysAgo: 9 }),
    known('c1', { kind: 'snapshot', daysAgo: 9 }),
  ];
  expect(outcome(files)).toEqual(['keep a1: last 1', 'remove a2: ', 'keep b1: last 1', 'keep c1: last 1']);
});

describe('what takes nobody’s place, and stays', () => {
  const old = known('old', { daysAgo: 9 });

  test('one that could not be looked at', () => {
    expect(outcome([{ name: 'x', kind: 'events', unknown: 'in use' }, old])).toEqual([
      'keep x: in use',
      'keep old: last 1',
    ]);
  });

  test('one without a time', () => {
    expect(outcome([known('x', { daysAgo: undefined }), old])).toEqual([
      'keep x: nothing in it says when it was made',
      'keep old: last 1',
    ]);
  });

  test('one from the future; a clock that is wrong by its zone is none', () => {
    expect(outcome([known('x', { daysAgo: -1.01 }), old])).toEqual([
      'keep x: from the future by its own account',
      'keep old: last 1',
    ]);
    expect(outcome([known('x', { daysAgo: -0.99 }), old])).toEqual(['keep x: last 1', 'remove old: ']);
    // Nor does it move the newest, from which --keep-within counts.
    const within = { years: 0, months: 0, days: 1, hours: 0 };
    expect(outcome([known('x', { daysAgo: -400 }), old], { policy: { within } })).toContain(
      'keep old: within 1d',
    );
  });

  test('one that does not verify', () => {
    expect(outcome([known('x', { flaws: ['cut', 'false'] }), old])).toEqual([
      'keep x: does not verify: cut; false',
      'keep old: last 1',
    ]);
  });
});

describe('--include-bad', () => {
  test('removes what does not verify, with a time or without', () => {
    const files = [
      known('x', { flaws: ['cut'] }),
      known('y', { flaws: ['cut'], daysAgo: undefined }),
      known('old', { daysAgo: 9 }),
    ];
    expect(outcome(files, { includeBad: true })).toEqual([
      'remove x: does not verify: cut',
      'remove y: does not verify: cut',
      'keep old: last 1',
    ]);
  });

  test.each<[string, Known[]]>([
    ['nothing else is there', []],
    ['what is there is of another series', [known('z', { series: 'other' })]],
    ['what is there is of another kind', [known('z', { kind: 'managed' })]],
    ['what is there has no time', [known('z', { daysAgo: undefined })]],
    ['what is there is from the future', [known('z', { daysAgo: -9 })]],
    ['what is there could not be looked at', [{ name: 'z', kind: 'events', unknown: 'in use' }]],
  ])('but not where %s', (_, others) => {
    expect(outcome([known('x', { flaws: ['cut'] }), ...others], { includeBad: true })[0]).toBe(
      'keep x: does not verify: cut, no other of its series verifies',
    );
  });
});

test('a policy that keeps nothing of a series is refused', () => {
  expect(() => outcome([known('a')], { policy: { last: 0 } })).toThrow(
    expect.objectContaining({ code: 'KEEPS_NOTHING' }) as Error,
  );
});

const anyFile = fc.record({
  series: fc.constantFrom('a', 'b'),
  kind: fc.constantFrom<Kind>('events', 'managed'),
  daysAgo: fc.option(fc.integer({ min: -3, max: 30 }), { nil: undefined }),
  flaws: fc.constantFrom<string[]>([], [], ['cut']),
});

test('property: whatever there is, a series that has one which verifies keeps one, and only such ones make others go', () => {
  fc.assert(
    fc.property(
      fc.array(anyFile, { maxLength: 20 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      (all, includeBad, last) => {
        const files = all.map((fields, at) => known(`${at}`, fields));
        const decisions = decide(files, { policy: { last }, nowMs: NOW, includeBad });
        expect(decisions.map(({ file }) => file)).toEqual(files);
        const keyOf = (file: Known): string =>
          file.unknown === undefined ? `${file.kind} ${file.series}` : '';
        for (const { file, action } of decisions) {
          if (action === 'keep' || file.unknown !== undefined) continue;
          const kept = decisions.filter(
            (other) =>
              other.action === 'keep' &&
              other.file.unknown === undefined &&
              keyOf(other.file) === keyOf(file) &&
              other.file.flaws.length === 0 &&
              other.file.time !== undefined &&
              other.file.time.timeMs <= NOW + 86_400_000,
          );
          if (file.flaws.length > 0) expect(includeBad && kept.length > 0).toBe(true);
          else {
            expect(kept.length).toBe(last);
            const times = kept.map(({ file: other }) => (other as typeof file).time!.timeMs);
            expect(Math.min(...times)).toBeGreaterThanOrEqual(file.time!.timeMs);
          }
        }
      },
    ),
  );
});
