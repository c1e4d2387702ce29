/** How long scan, content and ID check of a page take, against `JSON.parse` of the same bytes. `npm run bench`. */
import { EventScanner, proveEvent, readEvent } from '../dist/index.js';
import { makeHistory } from '../dist/sandbox/history.js';
import { compare } from './compare.js';

const EVENTS = 20_000;
const [ledger] = makeHistory({ naras: 1, eventsPerNara: EVENTS }).ledgers;
const page = Buffer.from(`[${ledger.map(({ line }) => line).join(',')}]`);

function scan() {
  const scanner = new EventScanner(page);
  const { cursor } = scanner;
  let fitting = 0;
  for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
    scanner.scan();
    if (proveEvent(readEvent(scanner)).class === 'id') fitting++;
  }
  if (fitting !== EVENTS) throw new Error(`${fitting} of ${EVENTS} fit`);
}

function parse() {
  if (JSON.parse(page.toString()).length !== EVENTS) throw new Error('not all were parsed');
}

const { median, min, max } = compare(scan, parse, 21);
const figures = [median, min, max].map((ratio) => ratio.toFixed(2));
process.stdout.write(
  `scan + content + ID check / JSON.parse, ${EVENTS} events: ${figures[0]} × (${figures[1]} to ${figures[2]})\n`,
);
