import { readEvent } from '../event/event-view.ts';
import { proveEvent } from '../event/proof.ts';
import { scanLine } from '../event/scanner.ts';

/** What a dump's lines are when held against what its peers gave; all zero but `events` when all is well. */
export interface DumpCheck {
  /** Lines that are as they should be. */
  readonly events: number;
  /** Events with a fitting ID (or of an unknown service) that a peer gave and that are not there. */
  readonly missing: number;
  /** Lines that no peer gave, or whose ID does not fit. */
  readonly foreign: number;
  readonly doubled: number;
  /** Lines that stand before one that is older. */
  readonly disordered: number;
}

/**
 * Checks a dump the slow way: everything in one map. `given` are the lines that peers gave, `lines` those of the dump.
 */
export function checkDump(given: Iterable<string>, lines: readonly string[]): DumpCheck {
  const givenTexts = new Set(given);
  const wanted = new Set<string>();
  for (const text of givenTexts) {
    const identity = identify(text);
    if (identity !== undefined) wanted.add(identity.key);
  }
  const found = new Set<string>();
  let foreign = 0;
  let doubled = 0;
  let disordered = 0;
  let before: Identity | undefined;
  for (const line of lines) {
    const identity = givenTexts.has(line) ? identify(line) : undefined;
    if (identity === undefined) {
      foreign++;
      continue;
    }
    if (found.has(identity.key)) doubled++;
    found.add(identity.key);
    if (before !== undefined && isAfter(before, identity)) disordered++;
    before = identity;
  }
  const missing = [...wanted].filter((key) => !found.has(key)).length;
  return { events: lines.length - foreign - doubled - disordered, missing, foreign, doubled, disordered };
}

interface Identity {
  readonly key: string;
  readonly tsNs: bigint;
  readonly id: string;
}

/** What makes an event one event; `undefined` where it may not stand in a backup. */
function identify(text: string): Identity | undefined {
  const scanner = scanLine(Buffer.from(text));
  if (scanner === undefined) return undefined;
  const event = readEvent(scanner);
  const proof = proveEvent(event).class;
  if (proof === 'hostile' || proof === 'misfit') return undefined;
  return { key: proof === 'id' ? event.id : text, tsNs: event.tsNs, id: event.id };
}

function isAfter(a: Identity, b: Identity): boolean {
  return a.tsNs === b.tsNs ? a.id > b.id : a.tsNs > b.tsNs;
}
