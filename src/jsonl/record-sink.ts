import type { FlatRecord } from './record-file.ts';

/** Where records of ours go, one at a time: a file, or whatever a caller of the library likes. */
export interface RecordSink {
  add(record: FlatRecord): Promise<void>;
  /** Makes what was added durable. */
  sync(): Promise<void>;
}
