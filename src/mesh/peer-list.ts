import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { listLines } from '../event/list-lines.ts';
import { parseJson } from '../event/parse-json.ts';
import { PublicKey } from '../identity/keypair.ts';

/** A peer that somebody named: where it listens, and what is known of it beforehand. */
export interface PeerAddress {
  readonly url: URL;
  /** As the user calls it; what the peer calls itself comes from its `/ping`. */
  readonly name: string | undefined;
  /** Pinned: the peer must show this very key. */
  readonly publicKey: PublicKey | undefined;
}

const PeerRecord = z.strictObject({
  name: z.string().min(1).optional(),
  url: z.string(),
  public_key: z.string().optional(),
});

const SHOWN_CHARACTERS = 100;

/** Parses `--peer [NAME=]URL`. Throws `PEER_LIST`. */
export function parsePeer(text: string): PeerAddress {
  const named = /^([^=/:]+)=(.+)$/.exec(text);
  return named ? peer(named[1], named[2]!) : peer(undefined, text);
}

/**
 * Parses a peers file: one peer a line, as `{"name","url","public_key"?}` or as `name url`; blank lines and lines
 * that begin with `#` are passed over. Throws `PEER_LIST` with the line's number.
 */
export function parsePeerList(text: string): PeerAddress[] {
  const peers: PeerAddress[] = [];
  for (const { line, number } of listLines(text)) {
    try {
      peers.push(line.startsWith('{') ? parseRecord(line) : parseNamedUrl(line));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new MeshBackupError('PEER_LIST', `Line ${number} of the peers file: ${reason}`);
    }
  }
  return peers;
}

function parseRecord(line: string): PeerAddress {
  const parsed = PeerRecord.safeParse(parseJson(line));
  if (!parsed.success) throw wrong('want {"name","url","public_key"?}');
  const { name, url, public_key: text } = parsed.data;
  const key = text === undefined ? undefined : PublicKey.parse(text);
  if (text !== undefined && key === undefined)
    throw wrong('"public_key" is no Ed25519 key in standard Base64');
  return { ...peer(name, url), publicKey: key };
}

function parseNamedUrl(line: string): PeerAddress {
  const [first, second, ...rest] = line.split(/\s+/);
  if (rest.length > 0) throw wrong('want `name url`');
  return second === undefined ? peer(undefined, first!) : peer(first, second);
}

function peer(name: string | undefined, text: string): PeerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.username + url.password !== '') {
    throw wrong('a URL with credentials ends up in logs');
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw wrong(`${show(text)} is no http(s) URL, want [NAME=]http://HOST:PORT`);
  }
  return { url, name, publicKey: undefined };
}

/** What is no URL may hold a password all the same. */
function show(text: string): string {
  return text.includes('@') ? 'what is given' : JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
}

function wrong(message: string): MeshBackupError {
  return new MeshBackupError('PEER_LIST', message);
}
