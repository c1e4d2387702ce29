import { MeshBackupError } from '../errors.ts';
import { NotJson } from '../event/json-cursor.ts';
import { readPythonJson, writePythonJson, type JsonNode } from '../event/python-json.ts';
import {
  ARTIFACT_NAMES,
  CURSOR_NAME,
  DATABASE_NAME,
  MAX_MANIFEST_BYTES,
  type ArtifactName,
} from './format.ts';
import { VerifyKey } from '../keys/verify-key.ts';

export const MAX_NODE_ID_CHARACTERS = 256;
const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** What Python's `isoformat` writes; microseconds are left out where there are none. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/;

/** What a snapshot says of itself. Nothing of it is proven by having been parsed. */
export interface Manifest {
  /** ISO 8601, as it is spelled there. */
  readonly createdAt: string;
  /** `stigmem:node:<uuid>`, or ''. */
  readonly nodeId: string;
  /** As it is spelled there: it may be no key. */
  readonly signerKey: string;
  /** SHA-256 in hex of those artifacts that the manifest names. */
  readonly digests: ReadonlyMap<ArtifactName, string>;
  /** As it is spelled there. */
  readonly signature: string;
  /** What the signature covers: all other members, unknown ones too, as Python prints them. */
  readonly signedBytes: Buffer;
}

type Members = ReadonlyMap<string, JsonNode>;

/** Reads a manifest as Python does: of equal keys the last counts. Throws `MANIFEST_INVALID`. */
export function parseManifest(bytes: Buffer): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw invalid(`is longer than ${MAX_MANIFEST_BYTES} bytes`);
  const root = readJson(bytes);
  if (root.kind !== 'object') throw invalid('is no JSON object');
  const { members } = root;
  const version = members.get('version');
  if (version?.kind !== 'scalar' || version.text !== '1') throw invalid('is not of version 1');
  const createdAt = stringOf(members, 'created_at');
  if (!ISO_TIME.test(createdAt) || Number.isNaN(Date.parse(createdAt))) {
    throw invalid('has a created_at that is no time');
  }
  const nodeId = stringOf(members, 'node_id');
  if (nodeId.length > MAX_NODE_ID_CHARACTERS) throw invalid('has a node_id that is too long');
  const signed = new Map(members);
  signed.delete('signature');
  return {
    createdAt,
    nodeId,
    signerKey: stringOf(members, 'signer_pubkey'),
    digests: digestsOf(members.get('artifacts')),
    signature: stringOf(members, 'signature'),
    signedBytes: canonicalJson({ kind: 'object', members: signed }),
  };
}

/** Whether the manifest is signed with the key that it names. */
export function isSignedManifest({ signerKey, signature, signedBytes }: Manifest): boolean {
  return VerifyKey.parse(signerKey)?.verify(signedBytes, signature) ?? false;
}

/** `json.dumps(…, sort_keys=True, separators=(',', ':'))` */
export function canonicalJson(node: JsonNode): Buffer {
  return Buffer.from(writePythonJson(node, { itemSeparator: ',', keySeparator: ':', sortKeys: true }));
}

function readJson(bytes: Buffer): JsonNode {
  try {
    return readPythonJson(bytes);
  } catch (error) {
    if (error instanceof NotJson) throw invalid(`is no JSON at byte ${error.position}`);
    throw error;
  }
}

function stringOf(members: Members, key: string): string {
  const node = members.get(key);
  if (node?.kind !== 'scalar' || !node.text.startsWith('"')) throw invalid(`has no ${key} that is a string`);
  return JSON.parse(node.text) as string;
}

function digestsOf(node: JsonNode | undefined): Map<ArtifactName, string> {
  if (node?.kind !== 'object') throw invalid('has no artifacts that are an object');
  const digests = new Map<ArtifactName, string>();
  for (const key of node.members.keys()) {
    const name = ARTIFACT_NAMES.find((known) => known === key);
    if (name === undefined) {
      throw invalid(`names an artifact that is neither ${DATABASE_NAME} nor ${CURSOR_NAME}`);
    }
    const digest = DIGEST.exec(stringOf(node.members, key))?.[1];
    if (digest === undefined) throw invalid(`has no SHA-256 for ${name}`);
    digests.set(name, digest);
  }
  return digests;
}

function invalid(why: string): MeshBackupError {
  return new MeshBackupError('MANIFEST_INVALID', `The snapshot's manifest ${why}.`);
}
