/**
 * How long scan, content and ID check of pages take, against `JSON.parse` of the same bytes alone: `node bench/scan.js`
 * after a build. `npm run bench` runs it, too.
 */
import { EventScanner, proveEvent, readEvent } from '../dist/index.js';
import { makeHistory } from '../dist/sandbox/history.js';
import { alternate, ratioText, timeMs } from './compare.js';

const PAGES = 10;
const PAGE_EVENTS = 2000;
const ROUNDS = 41;
const [ledger] = makeHistory({ naras: 1, eventsPerNara: PAGES * PAGE_EVENTS }).ledgers;
const pages = Array.from({ length: PAGES }, (_, index) => {
  const events = ledger.slice(index * PAGE_EVENTS, (index + 1) * PAGE_EVENTS);
  return Buffer.from(`[${events.map(({ line }) => line).join(',')}]`);
});

function scan(page) {
  const scanner = new EventScanner(page);
  const { cursor } = scanner;
  let fitting = 0;
  for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
    scanner.scan();
    if (proveEvent(readEvent(scanner)).class === 'id') fitting++;
  }
  if (fitting !== PAGE_EVENTS) throw new Error(`${fitting} of ${PAGE_EVENTS} fit`);
}

function parse(page) {
  if (JSON.parse(page.toString()).length !== PAGE_EVENTS) throw new Error('not all were parsed');
}

const scanAll = () => timeMs(() => pages.forEach(scan));
const parseAll = () => timeMs(() => pages.forEach(parse));
await alternate(scanAll, parseAll, 2); // until both are compiled
const pairs = await alternate(scanAll, parseAll, ROUNDS);
const ratio = ratioText(pairs, (ms) => ms);
process.stdout.write(
  `scan: scan + content + ID check of pages / JSON.parse of the same bytes: ${ratio}; target 1.3, dream 0.8\n`,
);
