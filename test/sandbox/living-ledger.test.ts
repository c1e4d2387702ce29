import { describe, expect, it } from 'vitest';
import { holdEvent } from '../../src/sandbox/held-event.ts';
import { LivingLedger } from '../../src/sandbox/living-ledger.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { checkpoint, event, ping, restart, seen, status, tease } from './importing.ts';

function open(
  events: readonly SandboxEvent[] = [],
  { capacity = 1000, known = ['alice', 'bob', 'carol'] }: { capacity?: number; known?: string[] } = {},
): LivingLedger {
  return new LivingLedger(events, { capacity, hasKey: (name) => known.includes(name) });
}

/** How many of them the ledger says it imported. */
function add(ledger: LivingLedger, events: readonly SandboxEvent[]): number {
  return events.filter((one) => ledger.add(holdEvent(one))).length;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

it('takes an ID once', () => {
  const ledger = open([seen(1)]);
  expect(add(ledger, [seen(1), seen(2), seen(2)])).toBe(1);
  expect(ledger.events).toEqual([seen(1), seen(2)]);
  expect(ledger.lost).toEqual([]);
});

it('gives the same list until it changes', () => {
  const ledger = open([seen(1)]);
  const { events } = ledger;
  expect(ledger.events).toBe(events);
  add(ledger, [seen(2)]);
  expect(ledger.events).not.toBe(events);
});

describe('pings', () => {
  const held = range(11, 15).map((ts) => ping('bob', ts));

  it('stay the 5 newest of their target, whoever saw them', () => {
    const ledger = open(held);
    expect(add(ledger, [ping('bob', 16, 'carol'), ping('carol', 1)])).toBe(2);
    expect(ledger.lost).toEqual([held[0]]);
    expect(ledger.events).toEqual([...held.slice(1), ping('bob', 16, 'carol'), ping('carol', 1)]);
  });

  it('find no place at the limit when all others are newer, or one is as old', () => {
    const ledger = open(held);
    expect(add(ledger, [ping('bob', 10), ping('bob', 11, 'carol')])).toBe(0);
    expect(ledger.events).toEqual(held);
  });

  it('leave the others alone when they are there already, or bad', () => {
    const ledger = open(held);
    expect(add(ledger, [...held, event('ping', 99, { observer: 'alice', target: 'bob', rtt: 0 })])).toBe(0);
    expect(ledger.events).toEqual(held);
  });

  it('of the future block all later ones', () => {
    const ledger = open();
    add(
      ledger,
      range(1, 5).map((ts) => ping('bob', 9_000_000_000_000_000_000n + BigInt(ts))),
    );
    expect(add(ledger, [ping('bob', 1_770_000_000_000_000_000n)])).toBe(0);
  });

  it('beyond the limit from the start go one by one', () => {
    const ledger = open(range(1, 8).map((ts) => ping('bob', ts)));
    expect(add(ledger, [ping('bob', 9)])).toBe(1);
    expect(ledger.events).toHaveLength(8);
  });
});

describe('observations', () => {
  const held = range(11, 30).map((ts) => status(ts));

  it('stay 20 for each observer and subject, the oldest going even for an older one', () => {
    const ledger = open(held);
    expect(add(ledger, [status(5), status(1, 'carol'), status(1, 'alice', 'carol')])).toBe(3);
    expect(ledger.lost).toEqual([held[0]]);
  });

  it('sent again cost one: 20 leave 19', () => {
    const ledger = open(held);
    // The first finds that it is gone, and comes back; the second takes it away again, and is there itself.
    expect(add(ledger, held)).toBe(1);
    expect(ledger.events).toEqual(held.slice(1));
    const once = open(held);
    expect(add(once, [held[19]!])).toBe(0);
    expect(once.events).toEqual(held.slice(1));
  });

  it('that are bad cost one as well', () => {
    const ledger = open(held);
    const payload = { observer: 'alice', subject: 'bob', type: 'status-change', importance: 9 };
    expect(add(ledger, [event('observation', 99, payload)])).toBe(0);
    expect(ledger.events).toEqual(held.slice(1));
  });

  it('spare restarts where there is another', () => {
    const ledger = open([restart(1), ...range(11, 29).map((ts) => status(ts))]);
    add(ledger, [restart(40)]);
    expect(ledger.lost).toEqual([status(11)]);
  });

  it('that are all restarts grow, unless a checkpoint knows of them', () => {
    const restarts = range(1, 20).map((ts) => restart(ts));
    const ledger = open([...restarts, checkpoint(5, 'carol')]);
    expect(add(ledger, [restart(21)])).toBe(1);
    expect(ledger.lost).toEqual([]);
    expect(add(ledger, [checkpoint(6), restart(22)])).toBe(2);
    expect(ledger.lost).toEqual([restart(1)]);
  });

  it('of one ts go in the order of coming', () => {
    const same = range(1, 20).map((at) => {
      const payload = {
        observer: 'alice',
        subject: 'bob',
        type: 'first-seen',
        importance: 3,
        start_time: at,
      };
      return event('observation', 7, payload);
    });
    const ledger = open(same);
    add(ledger, [status(1)]);
    expect(ledger.lost).toEqual([same[0]]);
  });
});

describe('a full ledger', () => {
  const bye = (ts: number) => event('chau', ts, { From: 'carol', PublicKey: '', ID: '', Signature: '' });
  const precious = [
    checkpoint(1),
    restart(1),
    event('observation', 1, {
      observer: 'a',
      subject: 'b',
      type: 'first-seen',
      importance: 3,
      start_time: 1,
    }),
  ];
  const goodbyes = range(50, 60).map(bye);

  it('forgets pings, seen, social, then the rest, oldest first', () => {
    const held = [bye(2), status(3), tease(4), tease(5), seen(7), seen(6), ping('bob', 9), ping('bob', 8)];
    const ledger = open(held, { capacity: held.length });
    expect(add(ledger, goodbyes.slice(0, 8))).toBe(8);
    const order = [ping('bob', 8), ping('bob', 9), seen(6), seen(7), tease(4), tease(5), bye(2), status(3)];
    expect(ledger.lost).toEqual(order);
  });

  it('forgets first what names a nara without a key, a witness among them', () => {
    const held = [ping('bob', 1), tease(9, 'ghost'), seen(8, 'ghost', 'bob'), checkpoint(1, 'ghost')];
    const ledger = open(held, { capacity: held.length });
    add(ledger, goodbyes.slice(0, 3));
    expect(ledger.lost).toEqual([seen(8, 'ghost', 'bob'), tease(9, 'ghost'), ping('bob', 1)]);
  });

  it('may forget at once what it just took, and says that it took it', () => {
    const ledger = open([bye(1), bye(2)], { capacity: 2 });
    expect(add(ledger, [ping('bob', 9)])).toBe(1);
    expect(ledger.lost).toEqual([ping('bob', 9)]);
  });

  it('grows where only checkpoints, restarts and first-seen are left', () => {
    const ledger = open(precious, { capacity: 3, known: ['a', 'alice', 'b', 'bob'] });
    expect(add(ledger, [checkpoint(2), checkpoint(3)])).toBe(2);
    expect(ledger.lost).toEqual([]);
    expect(ledger.events).toHaveLength(5);
  });

  it('stops where one that never goes is next: a restart of a stranger guards all behind it', () => {
    const ledger = open([restart(1, 'ghost'), ping('bob', 2)], { capacity: 2 });
    expect(add(ledger, [bye(3)])).toBe(1);
    expect(ledger.lost).toEqual([]);
  });

  it('takes observations without a look at its capacity, and pays when another event comes', () => {
    const ledger = open([seen(1), seen(2), seen(3)], { capacity: 3 });
    add(ledger, [status(1), status(2)]);
    expect(ledger.lost).toEqual([]);
    add(ledger, [bye(9)]);
    expect(ledger.lost).toEqual([seen(1), seen(2), seen(3)]);
  });

  it('looks at the keys anew when it is told', () => {
    const known = ['alice', 'bob', 'carol'];
    const ledger = open([ping('bob', 1), tease(2, 'dave')], { capacity: 2, known });
    add(ledger, [seen(3, 'dave')]);
    expect(ledger.lost).toEqual([seen(3, 'dave')]);
    known.push('dave');
    ledger.forgetKeys();
    add(ledger, [bye(5)]);
    expect(ledger.lost).toEqual([seen(3, 'dave'), ping('bob', 1)]);
  });
});

it('removes what names a nara, or was emitted by it', () => {
  const signer = { name: 'ghost', naraId: '', sign: () => 'AAAA' };
  const emitted = event('seen', 5, { observer: 'alice', subject: 'bob', via: 'x' }, { signer });
  const about = [
    seen(1, 'ghost'),
    seen(2, 'bob', 'ghost'),
    tease(3, 'ghost'),
    checkpoint(4, 'ghost'),
    emitted,
  ];
  const ledger = open([...about, seen(9), tease(9, 'carol')]);
  expect(ledger.removeAbout(new Set(['ghost', 'nobody']))).toBe(5);
  expect(ledger.lost).toEqual(about);
  expect(add(ledger, [emitted])).toBe(1);
});
