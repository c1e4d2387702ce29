/**
 * Writes a sorted backup: `node bench/make-backup.js FILE HISTORIES`. It is made of so many histories of the sandbox, one
 * after another, 100,000 events and a month each, of the same naras. Run by restore.js, which is to stay small itself.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { makeHistory } from '../dist/sandbox/history.js';

const EVENTS = 100_000;
const FIRST_END_NS = 1_769_904_000_000_000_000n; // 2026-02-01
const SPAN_NS = 30n * 86_400_000_000_000n;

const [file, histories] = process.argv.slice(2);
const fd = openSync(file, 'w');
for (let index = 0; index < Number(histories); index++) {
  const nowNs = FIRST_END_NS + BigInt(index) * SPAN_NS;
  const [ledger] = makeHistory({ naras: 1, eventsPerNara: EVENTS, nowNs }).ledgers;
  const sorted = ledger.toSorted((a, b) => Number(a.tsNs - b.tsNs) || (a.id < b.id ? -1 : 1));
  writeSync(fd, sorted.map(({ line }) => `${line}\n`).join(''));
}
closeSync(fd);
