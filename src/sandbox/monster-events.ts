import { makeEvent } from './event-maker.ts';
import type { SandboxEvent } from './sandbox-event.ts';

const MILLION = 1_000_000;
const MANY = 100_000;

/** Adds a member that no nara knows; ID and signature still fit. */
function withMember(line: string, value: string): string {
  return `${line.slice(0, -1)},"monster":${value}}`;
}

/** Events that cost a careless reader its memory, its stack or its time; most of them are good otherwise. */
const MONSTERS: readonly ((truth: SandboxEvent) => SandboxEvent)[] = [
  ({ tsNs }) => {
    const name = 'x'.repeat(MILLION);
    return makeEvent({ tsNs, svc: 'seen', payload: { observer: name, subject: name, via: 'mesh' } });
  },
  (truth) => {
    const members = Array.from({ length: MANY }, (_, at) => `"key${at}":${at}`);
    return { ...truth, line: withMember(truth.line, `{${members.join(',')}}`) };
  },
  (truth) => {
    const members = Array.from({ length: MANY }, (_, at) => `,"Key${at}":${at}`);
    return { ...truth, line: `${truth.line.slice(0, -1)}${members.join('')}}` };
  },
  (truth) => ({ ...truth, line: withMember(truth.line, '['.repeat(MANY) + ']'.repeat(MANY)) }),
  (truth) => ({ ...truth, line: withMember(truth.line, JSON.stringify('\u0007'.repeat(MILLION))) }),
  (truth) => ({ ...truth, line: withMember(truth.line, '9'.repeat(MILLION)) }),
  (truth) => ({ ...truth, line: truth.line.replace(/"ts":\d+/, `"ts":${'9'.repeat(MILLION)}`) }),
];

/** The events with all monsters among them, each beside a true event of its time. */
export function addMonsters(events: readonly SandboxEvent[]): SandboxEvent[] {
  const gap = Math.max(1, Math.floor(events.length / MONSTERS.length));
  return events.flatMap((event, at) => {
    const make = at % gap === 0 ? MONSTERS[at / gap] : undefined;
    return make === undefined ? [event] : [event, make(event)];
  });
}
