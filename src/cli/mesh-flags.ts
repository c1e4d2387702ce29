import { Option, type Command } from 'commander';
import { parsePeer, parsePeerList, type PeerAddress } from '../mesh/peer-list.ts';
import { parseCount } from './count.ts';
import { parseDurationMs } from './duration.ts';
import { hiddenValues, optionValue, optionValues } from './option-value.ts';
import { readNamedText } from './read-named-text.ts';

/** The flags that say which peers there are and how they are reached, as commander reads them. */
export interface MeshFlags {
  readonly peer?: readonly PeerAddress[];
  readonly peers?: string;
  readonly mesh: 'auto' | 'host' | 'own' | 'none';
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly tailscaleSocket: string;
  readonly tailscaled?: string;
  readonly loginServer?: string;
  readonly authkey?: string;
  readonly authkeyFile?: string;
  readonly authkeyCommand?: string;
  readonly joinTimeout: number;
  readonly meshPort: number;
  readonly pingTimeout: number;
  readonly connectTimeout: number;
}

/** For the help of a command that goes onto the mesh. */
export const MESH_ENVIRONMENT = {
  NARA_HEADSCALE_URL: 'the login server; else HEADSCALE_URL',
  TS_AUTHKEY: 'the auth key, when no flag names it',
  XDG_STATE_HOME: 'where it is noted who was met, default ~/.local/state',
} as const;

export function declareMeshFlags(command: Command): void {
  const duration = optionValue(parseDurationMs);
  command
    .option('--peer <[name=]url>', 'ask this peer; repeatable', hiddenValues('--peer', parsePeer))
    .option(
      '--peers <file>',
      'ask the peers of a file, one a line: `name url` or\n{"name","url","public_key"?}',
    )
    .addOption(
      new Option(
        '--mesh <way>',
        "auto, or: by this machine's tailscaled, by one\nof our own, by their names only",
      )
        .choices(['auto', 'host', 'own', 'none'])
        .default('auto'),
    )
    .option('--only <naras>', 'of those found, only these; a,b or repeatable', optionValues(String))
    .option('--skip <naras>', 'of those found, not these', optionValues(String))
    .option('--login-server <url>', 'own: where the mesh is joined')
    .option('--authkey <key>', 'own: lets us in; others on this machine may see it')
    .option('--authkey-file <file>', 'own: read the auth key from a file')
    .option('--authkey-command <command>', 'own: run a shell command that prints it')
    .option('--tailscaled <path>', 'own: the program, default: from PATH')
    .addOption(
      new Option('--join-timeout <duration>', 'own: until we are on the mesh')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .option('--tailscale-socket <path>', "host: tailscaled's socket", '/var/run/tailscale/tailscaled.sock')
    .option('--mesh-port <port>', 'where naras listen', optionValue(parseCount(1, 65_535)), 7433)
    .addOption(
      new Option('--ping-timeout <duration>', 'for telling naras from other machines; twice')
        .argParser(duration)
        .default(5_000, '5s'),
    )
    .addOption(
      new Option('--connect-timeout <duration>', 'for the connection to a peer')
        .argParser(duration)
        .default(10_000, '10s'),
    );
}

/** Whether peers were named, if only by an empty list. */
export function arePeersNamed({ peer, peers }: MeshFlags): boolean {
  return peer !== undefined || peers !== undefined;
}

/** The peers that the flags name, each address once. Throws `PEER_LIST`, `FILE_UNREADABLE`. */
export async function readNamedPeers({ peer = [], peers }: MeshFlags): Promise<PeerAddress[]> {
  const listed = peers === undefined ? [] : parsePeerList(await readNamedText(peers, 'the peers file'));
  return [...new Map([...listed, ...peer].map((one) => [one.url.href, one])).values()];
}
