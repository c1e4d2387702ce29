/** What a row runs: a dump, or a bare fetch of what a dump asked for. Each run is checked: a fast wrong one is no figure. */
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runMeasured } from './measured-process.js';

const DUMP = new URL('../bin/mesh-backup.js', import.meta.url);
const BARE_FETCH = new URL('bare-fetch.js', import.meta.url);

/** Where a dump's events may go; the file, where there is one, is looked at after the dump. */
export const SINKS = {
  null: () => ({ stdout: 'ignore', flags: [] }),
  file: (file) => ({ stdout: openSync(file, 'w'), flags: [], file }),
  option: (file) => ({ stdout: 'ignore', flags: ['-o', file], file }),
};

/** A function that dumps the mesh and resolves to what that took. */
export function prepareDump(peers, { urls, given, distinct }, sinkName, folder) {
  const { name, soul } = peers.owner;
  const list = join(folder, 'peers');
  return async () => {
    writeFileSync(list, urls.map((url) => `${url}\n`).join(''));
    const { stdout, flags, file } = SINKS[sinkName](join(folder, 'events.jsonl'));
    const args = ['dump-events', '-name', name, '--peers', list, '-timeout', '1h', '--json', ...flags];
    const run = await runMeasured(DUMP, args, { stdout, env: { NARA_SOUL: soul } });
    if (typeof stdout === 'number') closeSync(stdout);
    const summary = JSON.parse(run.err.trimEnd().split('\n').at(-1));
    const { events, bytesWritten, elapsedMs } = summary;
    if (summary.exitStatus !== 0 || events.written !== distinct || events.read < given) {
      throw new Error(`not all of ${distinct} events in ${given} copies: ${JSON.stringify(events)}`);
    }
    if (file !== undefined && statSync(file).size !== bytesWritten) {
      throw new Error(`${statSync(file).size} bytes of ${bytesWritten} are in the file`);
    }
    return { ...run, elapsedMs };
  };
}

/** A function that asks the mesh again what a dump asked (as the server's report has it), and drops it. */
export function prepareFetch({ urls }, { requests, bodyBytes }, folder) {
  const file = join(folder, 'requests.json');
  const lists = urls.map((url) => ({ url, requests: [] }));
  for (const { peer, ...request } of requests) lists[peer].requests.push(request);
  writeFileSync(file, JSON.stringify(lists));
  return async () => {
    const run = await runMeasured(BARE_FETCH, [file], { stdout: 'pipe', env: {} });
    const fetched = JSON.parse(run.out);
    if (fetched.bodyBytes !== bodyBytes) throw new Error(`${fetched.bodyBytes} bytes of ${bodyBytes} came`);
    return { ...run, elapsedMs: fetched.elapsedMs };
  };
}
