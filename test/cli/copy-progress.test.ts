import { afterEach, expect, test, vi } from 'vitest';
import { startCopyProgress } from '../../src/cli/copy-progress.ts';
import { Output } from '../../src/cli/output.ts';
import { Sink } from './streams.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('says how far the copy is, and then that the rest takes its time', () => {
  vi.useFakeTimers();
  const stderr = new Sink();
  const more = { env: {}, colour: 'never', verbose: true, jsonTo: undefined } as const;
  const progress = startCopyProgress(new Output({ stdout: new Sink(), stderr, ...more }));
  vi.advanceTimersByTime(6000);
  progress.onProgress({ pagesDone: 50, pages: 100 });
  expect(stderr.text).toBe('copying: 50 pages, ETA 6s, 6s\n');
  progress.onProgress({ pagesDone: 100, pages: 100 });
  vi.advanceTimersByTime(6000);
  expect(stderr.text.split('\n').slice(1)).toEqual([
    expect.stringMatching(/^checking and packing: 1\ds$/),
    '',
  ]);
  progress.stop();
  expect(vi.getTimerCount()).toBe(0);
});
