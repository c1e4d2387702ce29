/** Counts the lines of a file that `JSON.parse` takes, and does no more: `node bench/parse-lines.js FILE`. Run by stats.js. */
import { createReadStream } from 'node:fs';

let parsed = 0;
let rest = '';
for await (const chunk of createReadStream(process.argv[2], {
  encoding: 'utf8',
  highWaterMark: 128 * 1024,
})) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) if (JSON.parse(line).id !== undefined) parsed++;
}
process.stdout.write(`${parsed}\n`);
