import { describe, expect, it } from 'vitest';
import { contentString } from '../../src/event/content.ts';
import { computeEventId, signableDigest } from '../../src/event/id.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { HOSTILE_KINDS } from '../../src/sandbox/hostile-events.ts';
import { isService, viewPayload } from '../../src/sandbox/payload-view.ts';
import { parseLine, type SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { tamper } from '../../src/sandbox/tamper.ts';

const truth = makeHistory({ naras: 1, eventsPerNara: 1500, pageSize: 100 }).ledgers[0]!;
const truthById = new Map(truth.map((event) => [event.id, event.line]));

function lie(...kinds: FaultKind[]): readonly SandboxEvent[] {
  return tamper(truth, new Set(kinds), 'seed');
}

/** What is in a lying ledger and not in the true one. */
function lies(...kinds: FaultKind[]): SandboxEvent[] {
  const lines = new Set(truthById.values());
  return lie(...kinds).filter((event) => !lines.has(event.line));
}

function contentOf({ line, svc }: SandboxEvent): string {
  return isService(svc) ? contentString(viewPayload(svc, parseLine(line).payload)) : '';
}

function idFits(event: SandboxEvent): boolean {
  return computeEventId(String(event.tsNs), event.svc, contentOf(event)) === event.id;
}

it('tells the truth without such a fault, and the same lies for the same seed', () => {
  expect(lie('cut')).toEqual(truth);
  expect(lie('lie')).toEqual(lie('lie'));
  expect(tamper(truth, new Set<FaultKind>(['lie']), 'other')).not.toEqual(lie('lie'));
});

it('strip: every signed event, and no other byte', () => {
  for (const [index, event] of lie('strip').entries()) {
    const wire = Object.entries(parseLine(truth[index]!.line).wire);
    const rest = Object.fromEntries(wire.filter(([key]) => !['emitter', 'emitter_id', 'sig'].includes(key)));
    expect(parseLine(event.line).wire).toEqual(rest);
  }
});

it('forge: misfits, true IDs with other fields, and inventions with fitting IDs', () => {
  const forged = lies('forge');
  const misfits = forged.filter((event) => !idFits(event));
  const altered = forged.filter((event) => idFits(event) && truthById.has(event.id));
  const invented = forged.filter((event) => idFits(event) && !truthById.has(event.id));
  expect([misfits.length, altered.length, invented.length]).toEqual([10, 10, 10]);
  expect(misfits.every((event) => truthById.has(event.id))).toBe(true);
  expect(invented.every((event) => parseLine(event.line).wire['sig'] === undefined)).toBe(true);
});

it('foreign: true content, signed by an emitter that introduces itself', () => {
  const [introduction, ...copies] = lies('foreign') as [SandboxEvent, ...SandboxEvent[]];
  expect(copies).toHaveLength(30);
  const { payload } = parseLine(introduction.line);
  const key = PublicKey.parse(payload['PublicKey'] as string)!;
  for (const copy of [introduction, ...copies]) {
    const { wire } = parseLine(copy.line);
    expect(copy === introduction || truthById.has(copy.id)).toBe(true);
    const digest = signableDigest({ ...copy, emitter: 'mallory', content: contentOf(copy) });
    expect(wire['emitter']).toBe('mallory');
    expect(key.verify(digest, wire['sig'] as string)).toBe(true);
  }
});

describe('hostile', () => {
  const hostile = lies('hostile');

  it.each(HOSTILE_KINDS.map((kind, index) => [kind, index] as const))('%s', (_kind, index) => {
    const { line } = hostile[index]!;
    expect(truthById.has(line)).toBe(false);
    expect(() => void JSON.parse(line)).not.toThrow();
  });

  it('comes beside the truth, not in its place', () => {
    expect(hostile).toHaveLength(30);
    const lines = new Set(hostile.map(({ line }) => line));
    expect(lie('hostile').filter(({ line }) => !lines.has(line))).toEqual(truth);
  });
});

it('lie: all of it, each event suffering once', () => {
  const count = lies('lie').length;
  const stripped = lies('lie').filter((event) => idFits(event) && !parseLine(event.line).wire['sig']).length;
  expect(count).toBeGreaterThan(lies('forge', 'foreign', 'hostile').length);
  expect(stripped).toBeGreaterThan(10);
  expect(count).toBeLessThan(truth.length / 10);
});
