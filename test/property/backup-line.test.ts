import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLine, type EventView } from '../../src/event/event-view.ts';
import { proveEvent } from '../../src/event/proof.ts';
import { LineSplitter } from '../../src/jsonl/line-splitter.ts';
import { BackupLineReader } from '../../src/merge/backup-line.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';

const { line: EVENT } = makeEvent({
  tsNs: 1n,
  svc: 'seen',
  payload: { observer: 'alice', subject: 'b:o:b', via: 'ñ' },
});
/** Events, what is like them, and what would go on in the next line if lines had no end. */
const TEXTS = [
  EVENT,
  EVENT.replace('alice', '\\u0061lice'),
  `\t${EVENT} \r`,
  ...[1, 20, 60, EVENT.length - 1].map((length) => EVENT.slice(0, length)),
  ...[
    '',
    ' ',
    '[',
    '{',
    '}',
    ']',
    '"a',
    '"a\\',
    '"\\u00',
    '61"',
    'n"',
    '1',
    '-',
    '1.',
    'tru',
    'e',
    'null',
    ',',
  ],
];

test('lines that share a scanner say what each says alone, whatever stands around them', () => {
  const texts = fc.array(fc.oneof(fc.constantFrom(...TEXTS), fc.json()), { maxLength: 12 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 400 }), fc.boolean(), (lines, pieceBytes, isTorn) => {
      const text = Buffer.from(lines.join('\n') + (isTorn ? '' : '\n'));
      const splitter = new LineSplitter();
      const split = [];
      for (let at = 0; at < text.length; at += pieceBytes) {
        split.push(...splitter.split(text.subarray(at, at + pieceBytes)));
      }
      const last = splitter.end();
      if (last) split.push(last);
      const reader = new BackupLineReader();
      const read = split.map((line) => reader.read(line));
      for (const [at, line] of split.entries()) {
        const found = read[at]!;
        const alone = readLine(Buffer.from(line.bytes));
        if (line.bytes.toString().trim() === '') expect(found.kind).toBe('blank');
        else expect(found.kind === 'event' ? told(found.event) : undefined).toEqual(alone && told(alone));
      }
    }),
    { numRuns: 1000 },
  );
});

function told(event: EventView): unknown {
  const { source, start, end, id, tsNs, svc, sig, payload, computedId, hostile, isAmbiguous } = event;
  const text = source.toString('utf8', start, end);
  return { text, id, tsNs, svc, sig, payload, computedId, hostile, isAmbiguous, proof: proveEvent(event) };
}
