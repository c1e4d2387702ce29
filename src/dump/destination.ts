import type { LineFile } from '../jsonl/line-file.ts';
import type { WorkFolder } from './work-folder.ts';

/** A backup that is there already. */
export interface PriorBackup {
  readonly file: LineFile;
  /** `kept`: it becomes a part of what is written. `known`: it only tells what not to write. */
  readonly role: 'kept' | 'known';
  /** What is written goes to its end: a torn last line is closed off first. */
  readonly isAppendedTo: boolean;
}

/** Where a dump's bytes go, and what is there before. */
export interface Destination {
  readonly prior?: PriorBackup | undefined;
  /** Where what is fetched is written down at once, and what runs that were cut short left there. */
  readonly work?: WorkFolder | undefined;
  readonly gzip?: boolean;
  /** Takes bytes, in order; called again when it has resolved. */
  write(bytes: Buffer): Promise<void>;
}
