import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import { holdEvent } from '../../src/sandbox/held-event.ts';
import { isTaken } from '../../src/sandbox/taken.ts';

const CUTOFF = 1_768_774_453;
const good: Readonly<Record<string, WireObject>> = {
  social: { type: 'tease', actor: 'a', target: 'b' },
  ping: { observer: 'a', target: 'b', rtt: 0.01 },
  'status-change': {
    observer: 'a',
    subject: 'b',
    type: 'status-change',
    importance: 1,
    online_state: 'MISSING',
  },
  restart: { observer: 'a', subject: 'b', type: 'restart', importance: 3, start_time: 1, restart_num: 0 },
  'first-seen': { observer: 'a', subject: 'b', type: 'first-seen', importance: 3, start_time: 1 },
  seen: { observer: 'a', subject: 'b', via: 'c' },
  'hey-there': { From: 'a', PublicKey: 'k', MeshIP: '', ID: '', Signature: '' },
  chau: { From: 'a', PublicKey: '', ID: '', Signature: '' },
  checkpoint: {
    version: 1,
    subject: 'a',
    subject_id: '',
    observation: { restarts: 0, total_uptime: 0, start_time: 0 },
    as_of_time: 1,
    round: 1,
    voter_ids: ['x'],
    signatures: ['y'],
  },
};
const SERVICES: Readonly<Record<string, string>> = {
  'status-change': 'observation',
  restart: 'observation',
  'first-seen': 'observation',
};

function taken(kind: string, changes: WireObject = {}, tsNs = 1n): boolean {
  const svc = SERVICES[kind] ?? kind;
  return isTaken(holdEvent(makeEvent({ tsNs, svc, payload: { ...good[kind], ...changes } })));
}

describe.each(Object.keys(good))('%s', (kind) => {
  it('is taken, but at no time 0', () => {
    expect(taken(kind)).toBe(true);
    expect(taken(kind, {}, -1n)).toBe(true);
    expect(taken(kind, {}, 0n)).toBe(false);
  });
});

it.each<[string, WireObject]>([
  ['social', { type: 'praise' }],
  ['social', { actor: '' }],
  ['social', { target: '' }],
  ['ping', { observer: '' }],
  ['ping', { target: '' }],
  ['ping', { rtt: 0 }],
  ['ping', { rtt: -1 }],
  ['status-change', { observer: '' }],
  ['status-change', { subject: '' }],
  ['status-change', { importance: 0 }],
  ['status-change', { importance: 4 }],
  ['status-change', { online_state: 'online' }],
  ['status-change', { type: 'other' }],
  ['restart', { start_time: 0 }],
  ['restart', { restart_num: -1 }],
  ['first-seen', { start_time: 0 }],
  ['seen', { observer: '' }],
  ['seen', { subject: '' }],
  ['seen', { via: '' }],
  ['hey-there', { From: '' }],
  ['hey-there', { PublicKey: '' }],
  ['chau', { From: '' }],
  ['checkpoint', { subject: '' }],
  ['checkpoint', { as_of_time: 0 }],
  ['checkpoint', { observation: { restarts: -1 } }],
  ['checkpoint', { observation: { total_uptime: -1 } }],
  ['checkpoint', { observation: { start_time: -1 } }],
  ['checkpoint', { voter_ids: ['x', 'z'] }],
  ['checkpoint', { signatures: undefined }],
  ['checkpoint', { subject: 'r2d2', as_of_time: CUTOFF }],
  ['nosuch', { a: 1 }],
])('%s with %o is not', (kind, changes) => {
  expect(taken(kind, changes)).toBe(false);
});

it('takes checkpoints about r2d2 from a second later on', () => {
  expect(taken('checkpoint', { subject: 'r2d2', as_of_time: CUTOFF + 1 })).toBe(true);
});
