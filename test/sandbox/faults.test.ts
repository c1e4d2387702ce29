import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { listFaults, parseFault, parseFaultFlag } from '../../src/sandbox/faults.ts';

describe('parseFault', () => {
  it.each([
    ['cut', { kind: 'cut', amount: 0, fromAnswer: 1 }],
    ['cut:3', { kind: 'cut', amount: 0, fromAnswer: 3 }],
    ['delay:250', { kind: 'delay', amount: 250, fromAnswer: 1 }],
    ['status:503', { kind: 'status', amount: 503, fromAnswer: 1 }],
    ['status:429:2', { kind: 'status', amount: 429, fromAnswer: 2 }],
    ['skew:-60', { kind: 'skew', amount: -60, fromAnswer: 1 }],
    ['huge', { kind: 'huge', amount: 2 ** 30, fromAnswer: 1 }],
    ['huge:5', { kind: 'huge', amount: 5, fromAnswer: 1 }],
    ['lie', { kind: 'lie', amount: 0, fromAnswer: 1 }],
    ['flaky:3', { kind: 'flaky', amount: 3, fromAnswer: 1 }],
    ['shift:7', { kind: 'shift', amount: 7, fromAnswer: 1 }],
    ['trickle:2', { kind: 'trickle', amount: 0, fromAnswer: 2 }],
    ['refuse:503:2', { kind: 'refuse', amount: 503, fromAnswer: 2 }],
    ['drop:3', { kind: 'drop', amount: 3, fromAnswer: 1 }],
    ['young:60', { kind: 'young', amount: 60, fromAnswer: 1 }],
    ['impostor:alice', { kind: 'impostor', amount: 0, fromAnswer: 1, name: 'alice' }],
  ])('%s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  it.each([
    '',
    'cuts',
    'cut:',
    'cut:0',
    'cut:1:2',
    'cut:x',
    'delay',
    'delay:-1',
    'status',
    'status:200',
    'lie:2',
    'toString',
    'skew:1.5',
    'flaky',
    'flaky:1',
    'drop',
    'drop:0',
    'lost-answer:1:2',
    'body-limit',
    'young',
    'shift:0',
    'impostor',
    'impostor:',
    'impostor:a:b',
  ])('refuses "%s"', (text) => {
    expect(() => parseFault(text)).toThrow(MeshBackupError);
    expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('reads the flag', () => {
    expect(parseFaultFlag('bob=cut:3')).toEqual({ nara: 'bob', fault: parseFault('cut:3') });
    for (const text of ['bob', '=cut', 'bob=', 'bob=nothing'])
      expect(() => parseFaultFlag(text)).toThrow(MeshBackupError);
  });

  it('lists each kind as it is written', () => {
    const synopses = listFaults().map(({ synopsis }) => synopsis);
    expect(synopses).toContain('cut[:N]');
    expect(synopses).toContain('status:CODE[:N]');
    expect(synopses).toContain('huge[:BYTES]');
    expect(synopses).toContain('impostor:NAME');
    expect(synopses.every((synopsis) => synopsis.length <= 18)).toBe(true);
    for (const { meaning, synopsis } of listFaults())
      expect(`  ${synopsis.padEnd(18)}${meaning}`.length).toBeLessThan(80);
  });
});
