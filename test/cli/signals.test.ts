import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForSignals } from '../../src/cli/signals.ts';

class FakeProcess extends EventEmitter {
  exits: number[] = [];

  exit(status: number): void {
    this.exits.push(status);
  }
}

describe('listenForSignals', () => {
  it.each([
    ['SIGINT', 'INTERRUPTED', 130],
    ['SIGTERM', 'TERMINATED', 143],
  ])('aborts on the first %s and exits on the second', (name, code, status) => {
    const source = new FakeProcess();
    const { signal } = listenForSignals(source);
    source.emit(name, name);
    expect(signal.reason).toMatchObject({ code, exitStatus: status });
    expect(source.exits).toEqual([]);
    source.emit(name, name);
    expect(source.exits).toEqual([status]);
  });

  it('leaves nothing behind', () => {
    const source = new FakeProcess();
    listenForSignals(source).release();
    expect(source.eventNames()).toEqual([]);
  });
});
