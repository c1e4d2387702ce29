import { GoDecoder } from './go-decoder.ts';
import { decodeEvent, type HeldEvent } from './held-event.ts';
import { isService } from './payload-view.ts';

/** The body of an import as the server reads it. */
export interface ImportRequest {
  readonly events: readonly HeldEvent[];
  /** Unix seconds, int64. */
  readonly ts: bigint;
  readonly sig: string;
}

const LEAST_ID_BYTES = 8;

/** `undefined` where the server answers 400: no JSON, or one wrong type anywhere in it. */
export function parseImport(body: string): ImportRequest | undefined {
  try {
    return decodeImport(new GoDecoder(body));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function decodeImport(decoder: GoDecoder): ImportRequest {
  let events: HeldEvent[] = [];
  let ts = 0n;
  let sig = '';
  decoder.object((key) => {
    switch (key.toLowerCase().replaceAll('ſ', 's')) {
      case 'events':
        events = [];
        decoder.list(() => events.push(decodeEvent(decoder)));
        break;
      case 'ts':
        ts = (decoder.scalar('int64') as bigint | undefined) ?? ts;
        break;
      case 'sig':
        sig = (decoder.scalar('string') as string | undefined) ?? sig;
        break;
      default:
        decoder.skip();
    }
  });
  return { events, ts, sig };
}

/**
 * Whether the handler dies on the event: it logs the ID's first 8 bytes, and asks a payload that is not there.
 * Source: specification, "Traps in the content strings".
 */
export function isPoison({ event, payload }: HeldEvent): boolean {
  return Buffer.byteLength(event.id) < LEAST_ID_BYTES || (isService(event.svc) && payload === undefined);
}
