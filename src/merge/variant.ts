import { eventBytes, type EventView } from '../event/event-view.ts';
import { scanLine } from '../event/scanner.ts';
import { SLOT } from '../event/schema.ts';

/** What a copy may have lost on its way and still say nothing else. */
const LOSABLE = [
  SLOT.emitter,
  SLOT.emitter_id,
  SLOT.sig,
  SLOT['checkpoint.voter_ids'],
  SLOT['checkpoint.signatures'],
];

/**
 * Makes the test whether a loser says something that the winner does not: it differs by more than a missing signature
 * or missing voters. The winner is looked at once, however many losers there are.
 */
export function variantTest(winner: EventView): (loser: EventView) => boolean {
  const won = take(winner);
  return (loser) => {
    const lost = take(loser);
    return (
      lost.rest !== won.rest || lost.taken.some((member, at) => member !== '' && member !== won.taken[at])
    );
  };
}

/** Splits an event's text into the losable members and the rest. */
function take(event: EventView): { rest: string; taken: string[] } {
  const scanner = scanLine(eventBytes(event));
  if (scanner === undefined) throw new RangeError('an event that was scanned before is no JSON');
  const text = eventBytes(event).toString('latin1');
  const members = LOSABLE.map((slot) => scanner.member(slot));
  let rest = '';
  let at = 0;
  for (const member of members.filter((m) => m !== undefined).sort((a, b) => a.start - b.start)) {
    rest += text.slice(at, member.start);
    at = member.end;
    const comma = /^\s*,\s*/.exec(text.slice(at, at + 64));
    if (comma) at += comma[0].length;
    else rest = withoutLastComma(rest);
  }
  rest += text.slice(at);
  return {
    rest,
    taken: members.map((member) => (member === undefined ? '' : text.slice(member.start, member.end))),
  };
}

/** No regular expression: those that look from the end take quadratic time on a long run of blanks. */
function withoutLastComma(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.endsWith(',') ? trimmed.slice(0, -1).trimEnd() : text;
}
