import { pythonJsonPieces, type JsonNode } from '../event/python-json.ts';
import { unreadable, type AuditEvent } from './audit-events.ts';
import type { HeldOutput } from './held-output.ts';
import { redact } from './redact.ts';

export const AUDIT_FORMATS = ['jsonl', 'json'] as const;

/** One event a line, or one indented array. */
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

const ONE_LINE = { itemSeparator: ', ', keySeparator: ': ', sortKeys: true };
const INDENTED = { ...ONE_LINE, indent: 2 };
/** Deep nesting takes much more indented than it does stored: its square. */
const MAX_PRINTED_BYTES = 128 * 1024 * 1024;
const BATCH_BYTES = 64 * 1024;

/** Prints audit events, redacted, as the authority's own export does: `json.dumps(sort_keys=True)`, with `indent=2` for the array. */
export class AuditPrinter {
  eventCount = 0;
  /** Of all that was printed. */
  bytes = 0;
  readonly #format: AuditFormat;
  readonly #output: HeldOutput;
  #batch = '';

  constructor(format: AuditFormat, output: HeldOutput) {
    this.#format = format;
    this.#output = output;
  }

  /** Throws `AUDIT_EVENT`, and what `HeldOutput.append` throws. */
  print({ eventId, node }: AuditEvent): void {
    if (this.#format === 'jsonl') this.#put(textOf(eventId, redact(node), ONE_LINE) + '\n');
    else {
      const item = '\n' + textOf(eventId, redact(node), INDENTED);
      // No line feed is within a string: there it is escaped.
      this.#put((this.eventCount === 0 ? '[' : ',') + item.replaceAll('\n', '\n  '));
    }
    this.eventCount++;
  }

  /** Once, behind the last event. Throws what `HeldOutput.append` throws. */
  end(): void {
    if (this.#format === 'json') this.#put(this.eventCount === 0 ? '[]\n' : '\n]\n');
    this.#flush();
  }

  #put(text: string): void {
    this.bytes += text.length;
    this.#batch += text;
    if (this.#batch.length >= BATCH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#batch !== '') this.#output.append(Buffer.from(this.#batch, 'latin1'));
    this.#batch = '';
  }
}

function textOf(eventId: string, node: JsonNode, style: typeof ONE_LINE): string {
  let text = '';
  for (const piece of pythonJsonPieces(node, style)) {
    text += piece;
    if (text.length > MAX_PRINTED_BYTES) {
      throw unreadable(eventId, `printed in this format it takes more than ${MAX_PRINTED_BYTES} bytes`);
    }
  }
  return text;
}
