import { stringNode, type JsonNode } from '../event/python-json.ts';

/** A key that contains one of them, case aside, shows no value. Source: specification of Genesis Mesh, "Redaction". */
const SECRET_PARTS = [
  'admin_signature',
  'body',
  'invite_token',
  'na_private_key',
  'nonce',
  'operator_private_key',
  'private_key',
  'request_body',
  'signature',
  'token',
];

const REDACTED = stringNode('<redacted>');

/**
 * The value without what secret keys hold: at any depth, the value of each such key becomes `<redacted>` whole, whatever
 * it is. It goes by the keys and by nothing else, as the authority's own export does.
 */
export function redact(node: JsonNode): JsonNode {
  // Instead of recursion, because a text of a megabyte can be half a million deep: each copy is put into its place empty.
  const toFill: (() => void)[] = [];
  const copyOf = (original: JsonNode): JsonNode => {
    if (original.kind === 'scalar') return original;
    if (original.kind === 'array') {
      const items: JsonNode[] = [];
      toFill.push(() => {
        for (const item of original.items) items.push(copyOf(item));
      });
      return { kind: 'array', items };
    }
    const members = new Map<string, JsonNode>();
    toFill.push(() => {
      for (const [key, value] of original.members) members.set(key, isSecret(key) ? REDACTED : copyOf(value));
    });
    return { kind: 'object', members };
  };
  const copy = copyOf(node);
  for (let fill = toFill.pop(); fill !== undefined; fill = toFill.pop()) fill();
  return copy;
}

/** Case aside as in Python's `str.lower()`, which `toLowerCase` equals: of what is not ASCII, U+212A (Kelvin) becomes a `k`. */
function isSecret(key: string): boolean {
  const lower = key.toLowerCase();
  return SECRET_PARTS.some((part) => lower.includes(part));
}
