/**
 * Writes a backup in no order: `node bench/make-shuffled.js FILE HISTORIES`, the lines of make-backup.js dealt to 64 heaps by
 * chance, each heap shuffled: memory holds one of them. Run by compact.js, which is to stay small itself.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, createReadStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Prng } from '../dist/sandbox/prng.js';

const HEAPS = 64;
const DEAL_LINES = 4096;

const [file, histories] = process.argv.slice(2);
const prng = new Prng('shuffle');
const sorted = `${file}.sorted`;
execFileSync(process.execPath, [
  fileURLToPath(new URL('make-backup.js', import.meta.url)),
  sorted,
  histories,
]);
const heaps = Array.from({ length: HEAPS }, (_, index) => ({ path: `${file}.${index}`, lines: [] }));
for await (const line of createInterface({ input: createReadStream(sorted) })) {
  const heap = heaps[prng.integer(0, HEAPS - 1)];
  if (heap.lines.push(`${line}\n`) >= DEAL_LINES) deal(heap);
}
rmSync(sorted);
writeFileSync(file, '');
for (const heap of heaps) {
  deal(heap);
  const lines = readFileSync(heap.path, 'utf8').split('\n').slice(0, -1);
  appendFileSync(
    file,
    prng
      .sample(lines, lines.length)
      .map((line) => `${line}\n`)
      .join(''),
  );
  rmSync(heap.path);
}

function deal(heap) {
  appendFileSync(heap.path, heap.lines.join(''));
  heap.lines = [];
}
