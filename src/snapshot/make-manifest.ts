import { stringNode, writePythonJson, type JsonNode } from '../event/python-json.ts';
import { CURSOR_NAME, DATABASE_NAME } from './format.ts';
import { canonicalJson } from './manifest.ts';
import type { SigningKey } from '../keys/signing-key.ts';

export interface ManifestFields {
  /** Microseconds since 1970. */
  readonly createdAtUs: bigint;
  /** '' where the node has none. */
  readonly nodeId: string;
  /** SHA-256 in hex. */
  readonly databaseSha256: string;
  readonly cursorSha256: string;
}

/** A signed manifest, laid out as the node does. */
export function makeManifest(fields: ManifestFields, signer: SigningKey): Buffer {
  const members = new Map<string, JsonNode>([
    ['version', { kind: 'scalar', text: '1' }],
    ['created_at', stringNode(isoTime(fields.createdAtUs))],
    ['node_id', stringNode(fields.nodeId)],
    ['signer_pubkey', stringNode(signer.publicKey)],
    [
      'artifacts',
      {
        kind: 'object',
        members: new Map([
          [DATABASE_NAME, stringNode(`sha256:${fields.databaseSha256}`)],
          [CURSOR_NAME, stringNode(`sha256:${fields.cursorSha256}`)],
        ]),
      },
    ],
  ]);
  const signature = signer.sign(canonicalJson({ kind: 'object', members }));
  return indented({ kind: 'object', members: new Map([...members, ['signature', stringNode(signature)]]) });
}

/** `json.dumps(…, indent=2)` */
export function indented(node: JsonNode): Buffer {
  return Buffer.from(
    writePythonJson(node, { itemSeparator: ', ', keySeparator: ': ', indent: 2, sortKeys: false }),
  );
}

function isoTime(us: bigint): string {
  const seconds = new Date(Number(us / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${(us % 1_000_000n).toString().padStart(6, '0')}+00:00`;
}
