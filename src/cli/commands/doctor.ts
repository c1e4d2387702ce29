import { tmpdir } from 'node:os';
import { versions } from 'node:process';
import { checkDaemon, findDaemons } from '../../doctor/daemon.ts';
import { checkDisk, type DiskPlace } from '../../doctor/disk.ts';
import { checkIdentity } from '../../doctor/identity.ts';
import { checkLogin } from '../../doctor/login.ts';
import { checkClocks, checkPeers } from '../../doctor/peers.ts';
import { checkTarget } from '../../doctor/target.ts';
import { checkVersions } from '../../doctor/versions.ts';
import { MeshBackupError, type ErrorCode } from '../../errors.ts';
import type { Keypair } from '../../identity/keypair.ts';
import { PeerHttp } from '../../mesh/http.ts';
import { proxyFromEnvironment } from '../../mesh/proxy.ts';
import { environmentWithoutSecrets } from '../../mesh/secret-environment.ts';
import { parseTargetUrl } from '../../mesh/target-url.ts';
import type { PeerSurvey, SurveyOptions } from '../../sync/survey-peer.ts';
import { surveyPeers } from '../../sync/survey-peers.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { DoctorReport } from '../doctor-report.ts';
import { arePeersNamed, MESH_ENVIRONMENT } from '../mesh-flags.ts';
import { openMesh, type OpenMesh } from '../open-mesh.ts';
import { packageVersion } from '../package-version.ts';
import { parseName } from '../read-requester.ts';
import { stateFolder } from '../state-folder.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';
import { declareSurveyFlags, surveyBoundsOf, type SurveyFlags } from '../survey-flags.ts';

interface DoctorFlags extends SurveyFlags {
  readonly naraUrl?: string;
}

type Bounds = Omit<SurveyOptions, 'http' | 'requester'>;

export const doctor: CommandModule<DoctorFlags> = {
  name: 'doctor',
  summary: 'find out what is in the way of a backup or a restore',
  jsonTo: 'stdout',
  examples: ['-name alice --soul-file soul', '-name alice --soul-file soul -nara-url http://bob:8080'],
  environment: {
    ...SOUL_ENVIRONMENT,
    ...MESH_ENVIRONMENT,
    HTTPS_PROXY: 'a proxy for https to the target; see NO_PROXY',
    TMPDIR: 'where private files lie, whose disk is looked at',
  },
  notes:
    'Nothing is changed: peers are asked for a few events each, the target for an\n' +
    'answer that proves whose soul it has; nothing is imported, no file written. A\n' +
    'tailscaled of our own (--mesh own) joins the mesh for a moment, and leaves it.',

  declare(command) {
    command
      .description(
        'Looks at all that a backup and a restore need: soul, tailscaled, login, peers,\n' +
          'clocks, target, disk, versions. A line for each: well, a warning or a failure,\n' +
          'and what to do.',
      )
      .option('--nara-url <url>', 'look at this target of a restore, too');
    declareSurveyFlags(command);
  },

  async run(flags, context) {
    const { output, signal, env } = context;
    const url = flags.naraUrl === undefined ? undefined : parseTargetUrl(flags.naraUrl);
    const name = flags.name === undefined ? undefined : parseName(flags.name);
    const report = new DoctorReport(output);
    const bounds: Bounds = { ...surveyBoundsOf(flags), signal, now: Date.now };

    const readSoul = () => readSoulText(flags, { ...context, stdinIsData: false });
    const { check, keypair } = await checkIdentity(name, readSoul);
    signal.throwIfAborted();
    await report.tell(check);

    const places = {
      socket: flags.tailscaleSocket,
      program: flags.tailscaled,
      env: environmentWithoutSecrets(env),
    };
    const daemons = await findDaemons(places);
    signal.throwIfAborted();
    const isDaemonWanted = !arePeersNamed(flags) && flags.mesh !== 'none';
    await report.tell(checkDaemon(daemons, places, isDaemonWanted));

    const surveys = await lookAtPeers(flags, context, bounds, { name, keypair }, report);
    if (url === undefined) {
      await report.tell({ what: 'target', state: 'skipped', text: 'none was named with -nara-url' });
    } else {
      const http = new PeerHttp({
        connectTimeoutMs: flags.connectTimeout,
        proxy: proxyFromEnvironment(env),
        plainHttp: 'near', // as restore-events has it
      });
      const { checks, survey } = await checkTarget(url, { ...bounds, http, keypair, name }).finally(() =>
        http.close(),
      );
      signal.throwIfAborted();
      await report.tell(...checks);
      if (survey !== undefined) surveys.push(survey);
    }
    await report.tell(checkClocks(surveys));
    for (const place of diskPlaces(env)) await report.tell(checkDisk(place));
    await report.tell(
      checkVersions({ ours: packageVersion(), node: versions.node, tailscaled: daemons.programVersion }),
    );
    return report.end()?.exitStatus ?? 0;
  },
};

/** Goes onto the mesh, looks at all who are there, and leaves. Throws what is wrong with the flags. */
async function lookAtPeers(
  flags: DoctorFlags,
  context: CommandContext,
  bounds: Bounds,
  { name, keypair }: { readonly name: string | undefined; readonly keypair: Keypair | undefined },
  report: DoctorReport,
): Promise<PeerSurvey[]> {
  let mesh: OpenMesh;
  try {
    mesh = await openMesh(flags, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof MeshBackupError) || NO_FINDINGS.has(error.code)) throw error;
    await report.tell(checkLogin(error));
    return [];
  }
  const http = new PeerHttp({ connectTimeoutMs: flags.connectTimeout, proxy: mesh.proxy });
  try {
    await report.tell(checkLogin(mesh.way));
    const requester = name === undefined || keypair === undefined ? undefined : { name, keypair };
    const surveys = await surveyPeers(mesh.peers, flags.workers, { ...bounds, http, requester });
    context.signal.throwIfAborted();
    await report.tell(...checkPeers(surveys, requester !== undefined));
    return surveys;
  } finally {
    await http.close();
    await mesh.leave();
  }
}

/** What is wrong with the command line is for whoever wrote it. */
const NO_FINDINGS = new Set<ErrorCode>(['USAGE', 'PEER_LIST', 'FILE_UNREADABLE', 'SECRET_UNREADABLE']);

function diskPlaces(env: NodeJS.ProcessEnv): DiskPlace[] {
  const state = stateFolder(env);
  return [
    { what: 'disk here', folder: '.' },
    { what: 'disk TMPDIR', folder: env['TMPDIR'] ?? tmpdir() },
    ...(state === undefined ? [] : [{ what: 'disk state', folder: state }]),
  ];
}
