import { describe, expect, it } from 'vitest';
import { contentString } from '../../src/event/content.ts';
import { computeEventId, signableDigest } from '../../src/event/id.ts';
import { PublicKey } from '../../src/identity/keypair.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { isService, PAYLOAD_KEYS, viewPayload } from '../../src/sandbox/payload-view.ts';
import { parseLine, type SandboxEvent } from '../../src/sandbox/sandbox-event.ts';

const small = { naras: 4, eventsPerNara: 700, pageSize: 100, seed: 7 };

function linesOf(ledgers: readonly (readonly SandboxEvent[])[]): string[][] {
  return ledgers.map((ledger) => ledger.map((event) => event.line));
}

describe('makeHistory', () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    const first = linesOf(makeHistory(small).ledgers);
    expect(linesOf(makeHistory(small).ledgers)).toEqual(first);
    expect(linesOf(makeHistory({ ...small, seed: 8 }).ledgers)).not.toEqual(first);
  });

  it('makes ledgers of the length asked for, in ts order, overlapping but not wholly', () => {
    const { ledgers } = makeHistory(small);
    for (const [index, ledger] of ledgers.entries()) {
      expect(ledger).toHaveLength(700);
      expect(new Set(ledger.map((event) => event.id)).size).toBe(700);
      expect(ledger.every((event, at) => at === 0 || ledger[at - 1]!.tsNs <= event.tsNs)).toBe(true);
      const others = new Set(
        ledgers
          .toSpliced(index, 1)
          .flat()
          .map((event) => event.id),
      );
      const alone = ledger.filter((event) => !others.has(event.id)).length;
      expect(alone).toBeGreaterThan(0);
      expect(alone).toBeLessThan(200);
    }
  });

  it('lays a burst of one ts across every page end, one of them larger than a page', () => {
    const { ledgers } = makeHistory(small);
    for (const ledger of ledgers) {
      for (const pageEnd of [100, 200, 300, 400, 500, 600]) {
        expect(ledger[pageEnd - 1]!.tsNs).toBe(ledger[pageEnd]!.tsNs);
      }
      const counts = new Map<bigint, number>();
      for (const { tsNs } of ledger) counts.set(tsNs, (counts.get(tsNs) ?? 0) + 1);
      expect(Math.max(...counts.values())).toBe(125);
    }
  });

  it('makes fitting IDs and signatures in all seven services, about half of them signed', () => {
    const { naras, ghosts, ledgers } = makeHistory(small);
    const keys = new Map([...naras, ...ghosts].map((who) => [who.name, PublicKey.parse(who.publicKey)!]));
    const services = new Set<string>();
    let signed = 0;
    for (const { line, id, tsNs, svc } of ledgers[0]!) {
      const { wire, payload } = parseLine(line);
      expect(isService(svc) && PAYLOAD_KEYS[svc] in wire).toBe(true);
      services.add(svc);
      const content = isService(svc) ? contentString(viewPayload(svc, payload)) : '';
      expect(computeEventId(String(tsNs), svc, content)).toBe(id);
      if (wire['sig'] === undefined) continue;
      signed++;
      const emitter = wire['emitter'] as string;
      const digest = signableDigest({ id, tsNs, svc, emitter, content });
      expect(keys.get(emitter)!.verify(digest, wire['sig'] as string)).toBe(true);
    }
    expect(services.size).toBe(7);
    expect(signed).toBeGreaterThan(250);
    expect(signed).toBeLessThan(450);
  });

  it('stays before "now" and within 2026', () => {
    const nowNs = 1_768_000_000_000_000_000n;
    for (const { tsNs } of makeHistory({ ...small, nowNs }).ledgers.flat()) {
      expect(tsNs).toBeLessThan(nowNs);
      expect(tsNs).toBeGreaterThan(1_767_225_600_000_000_000n);
    }
  });

  it.each([1, 2, 7, 8, 9, 40, 101])('makes a mesh of %i events each', (eventsPerNara) => {
    const { ledgers } = makeHistory({ naras: 2, eventsPerNara });
    expect(ledgers.map((ledger) => ledger.length)).toEqual([eventsPerNara, eventsPerNara]);
  });
});
