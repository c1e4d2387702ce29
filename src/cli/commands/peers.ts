import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { PeerHttp } from '../../mesh/http.ts';
import { pause } from '../../mesh/pause.ts';
import type { SurveyOptions } from '../../sync/survey-peer.ts';
import { judgeSurveys, surveyPeers } from '../../sync/survey-peers.ts';
import type { CommandModule } from '../command-module.ts';
import { parseDurationMs } from '../duration.ts';
import { line } from '../line.ts';
import { MESH_ENVIRONMENT } from '../mesh-flags.ts';
import { openMesh, type OpenMesh } from '../open-mesh.ts';
import { optionValue } from '../option-value.ts';
import type { Output } from '../output.ts';
import { countAccess, peersTable, surveyRecord, type PeerRow } from '../peers-table.ts';
import { readRequesterIfAny } from '../read-requester.ts';
import { Redraw } from '../redraw.ts';
import { SOUL_ENVIRONMENT } from '../soul-source.ts';
import { declareSurveyFlags, surveyBoundsOf, type SurveyFlags } from '../survey-flags.ts';

interface PeersFlags extends SurveyFlags {
  /** Milliseconds; `true` for `--watch` alone. */
  readonly watch?: number | true;
}

const WATCH_MS = 10_000;
const LEAST_WATCH_MS = 1000;

export const peers: CommandModule<PeersFlags> = {
  name: 'peers',
  summary: 'who is on the mesh, what each holds, and who lets us in',
  jsonTo: 'stdout',
  examples: [
    '-name alice --soul-file soul',
    '--peer http://100.64.0.2:7433 --json',
    '-name alice --soul-file soul --peers peers --watch=30s',
  ],
  environment: { ...SOUL_ENVIRONMENT, ...MESH_ENVIRONMENT },
  notes: [
    'Without a soul nothing is signed: what needs a signature is not asked.',
    'KEY: a claim where ? stands behind it; else an answer was signed with it.',
    'ID: what a nara calls itself by in the events of its own that were seen.',
    'CLOCK: what it is ahead of ours. Naras refuse what is off by over 30 s.',
    'EVENTS: counted by a few small requests; with ≈ the ledger moved meanwhile.',
    'SINCE: when a dump first met that key on this mesh.',
  ].join('\n'),

  declare(command) {
    command.description(
      'Looks at every peer by a handful of small requests and prints a table: name,\n' +
        'address, ID, key, latency, clock, events, and whether it lets us in or why not.\n' +
        'Nothing is fetched and nothing changed.',
    );
    declareSurveyFlags(command);
    command.option(
      '--watch [every]',
      'look again every 10s, or with --watch=30s, until\nCtrl-C',
      optionValue(parseWatch),
    );
  },

  async run(flags, context) {
    const { output, signal, env } = context;
    const requester = await readRequesterIfAny(flags, context);
    const mesh = await openMesh(flags, context);
    const http = new PeerHttp({ connectTimeoutMs: flags.connectTimeout, proxy: mesh.proxy });
    const options: SurveyOptions = {
      ...surveyBoundsOf(flags),
      http,
      requester,
      signal,
      now: Date.now,
    };
    const redraw = new Redraw(output, env);
    let known = mesh.peers;
    try {
      for (;;) {
        const exitStatus = await look({ ...mesh, peers: known }, flags, options, output, redraw);
        if (flags.watch === undefined) return exitStatus;
        await pause(flags.watch === true ? WATCH_MS : flags.watch, signal);
        known = [...known, ...(await mesh.latePeers())];
      }
    } finally {
      await http.close();
      await mesh.leave();
    }
  },
};

function parseWatch(text: string): number {
  const everyMs = parseDurationMs(text);
  if (everyMs >= LEAST_WATCH_MS) return everyMs;
  throw new MeshBackupError('USAGE', `'${text}' is shorter than a second`);
}

async function look(
  mesh: OpenMesh,
  flags: PeersFlags,
  options: SurveyOptions,
  output: Output,
  redraw: Redraw,
): Promise<ExitStatus> {
  const surveys = await surveyPeers(mesh.peers, flags.workers, options);
  options.signal.throwIfAborted();
  const rows = surveys.map((survey): PeerRow => {
    return { survey, since: survey.publicKey && mesh.metFirst(survey.publicKey)?.slice(0, 10) };
  });
  const error = judgeSurveys(surveys);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    for (const row of rows) output.record(surveyRecord(row));
    if (error !== undefined) output.fail(error);
    output.record({ type: 'summary', exitStatus, peers: rows.length, ...countAccess(rows) });
    return exitStatus;
  }
  const { isTTY = false, columns = Infinity } = output.stdout;
  await redraw.draw(peersTable(rows, isTTY ? columns : Infinity));
  if (flags.watch === undefined && error !== undefined) output.fail(error);
  if (rows.length > 0 && options.requester === undefined)
    output.detail(line`Nobody was asked for events: no soul was given.`);
  return exitStatus;
}
