import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Destination } from '../dump/destination.ts';
import { FileDestination } from '../dump/file-destination.ts';
import { gaveAnything, type DumpSummary } from '../dump/summary.ts';
import { MeshBackupError } from '../errors.ts';
import { openTarget } from '../jsonl/target.ts';
import { assertApart } from './apart.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { StdoutDestination } from './stdout-destination.ts';
import { isStdout, stdoutPath } from './stdout-file.ts';
import { warnOfTakenLock } from './taken-lock.ts';

export interface DestinationFlags {
  readonly output?: string;
  readonly idsFrom?: string;
  readonly fresh?: true;
  readonly gzip?: true;
  readonly dryRun?: true;
}

/** All flags that name files. */
export interface PlaceFlags extends DestinationFlags {
  readonly quarantine?: string;
  readonly variants?: string;
  readonly evidence?: string;
  readonly receipt?: string;
  readonly peers?: string;
  readonly soulFile?: string;
}

/** A destination, and how a dump to it ends. */
export interface OpenDestination {
  readonly destination: Destination;
  /** The backup's path; `undefined`: a stream. */
  readonly path: string | undefined;
  /** What is wrong with the destination, when nothing else is. */
  readonly error: MeshBackupError | undefined;
  /** Whether what was written is to count: where nobody gave anything a file stays as it is. */
  isWorthIt(summary: DumpSummary): boolean;
  /** Ends a dump that is worth it, or one that is not. */
  commit(isSuccess: boolean): Promise<void>;
  leave(): Promise<void>;
  close(): Promise<void>;
}

const BESIDE = ['lock', 'part', 'old', 'damaged'];

/** Asserts that no file which a dump writes is another that it writes or reads. Throws `USAGE`. */
export async function assertPlacesApart(flags: PlaceFlags): Promise<void> {
  const { output, idsFrom, quarantine, variants, evidence, receipt, peers, soulFile } = flags;
  if (output === '') throw new MeshBackupError('USAGE', '-o wants the name of a file.');
  const isFile = output !== undefined && output !== '-';
  const backup = isFile ? await realpath(output).catch(() => output) : undefined;
  const beside = (ending: string): string | undefined => backup && `${backup}.${ending}`;
  if (evidence !== undefined && backup !== undefined) await assertNotWithin(evidence, `${backup}.work`);
  await assertApart(
    [
      isFile ? { name: '-o', path: backup } : { name: 'stdout', path: stdoutPath() },
      ...BESIDE.map((ending) => ({ name: `the .${ending} of -o`, path: beside(ending) })),
      { name: 'the quarantine', path: quarantine ?? beside('quarantine') },
      { name: '--variants', path: variants },
      { name: '--evidence', path: evidence },
      { name: '--receipt', path: receipt === 'auto' ? beside('receipt') : receipt },
    ],
    [
      { name: '-ids-from', path: idsFrom !== undefined && isStdout(idsFrom) ? undefined : idsFrom },
      { name: '--peers', path: peers },
      { name: '--soul-file', path: soulFile === '-' ? undefined : soulFile },
    ],
  );
}

/** What lies in the folder of a run's work is of no use when the run is over, and removed. Throws `USAGE`. */
async function assertNotWithin(path: string, work: string): Promise<void> {
  const [place, folder] = await Promise.all(
    [path, work].map((one) => realpath(one).catch(() => resolve(one))),
  );
  if (place === folder || dirname(place!) === folder) {
    throw new MeshBackupError('USAGE', `--evidence cannot lie in ${work}.`);
  }
}

/** Opens what `-o` names, or stdout. Throws `USAGE`, `LOCKED`, and as reading and writing files do. */
export async function openDestination(flags: DestinationFlags, output: Output): Promise<OpenDestination> {
  const { output: path, idsFrom } = flags;
  const gzip = flags.gzip ?? false;
  const isRehearsal = flags.dryRun ?? false;
  if (path !== undefined && path !== '-') {
    if (idsFrom !== undefined) {
      throw new MeshBackupError('USAGE', '-ids-from is for what goes to stdout: -o keeps what its file has.');
    }
    const target = await openTarget(path);
    if (target.kind === 'file') {
      return openFile(target.path, { gzip, isRehearsal, fresh: flags.fresh ?? false }, output);
    }
    assertNotFresh(flags);
    const write = isRehearsal ? nothing : (bytes: Buffer) => target.write(bytes);
    return { ...STREAM, destination: { gzip, write }, close: () => target.close() };
  }
  assertNotFresh(flags);
  const destination = await StdoutDestination.open({ idsFrom, gzip, isRehearsal }, output);
  return {
    ...STREAM,
    destination,
    error: emptiedError(destination.emptied),
    close: () => destination.close(),
  };
}

const nothing = (): Promise<void> => Promise.resolve();
/** What goes to a stream is gone. */
const STREAM = {
  path: undefined,
  error: undefined,
  isWorthIt: () => true,
  commit: nothing,
  leave: nothing,
} as const;

async function openFile(
  path: string,
  options: { readonly gzip: boolean; readonly isRehearsal: boolean; readonly fresh: boolean },
  output: Output,
): Promise<OpenDestination> {
  const onTakenOver = warnOfTakenLock(path, output);
  const destination = await FileDestination.open(path, { ...options, onTakenOver });
  return {
    destination,
    path,
    error: undefined,
    isWorthIt: gaveAnything,
    leave: () => destination.leave(),
    close: () => destination.close(),
    commit: async (isSuccess) => {
      const aside = await destination.commit(isSuccess);
      if (aside !== undefined)
        output.warn(line`⚠️  ${path} could not be read whole; as it was it is ${aside}`);
    },
  };
}

function assertNotFresh({ fresh }: DestinationFlags): void {
  if (fresh) throw new MeshBackupError('USAGE', '--fresh needs -o FILE: only a file has an old content.');
}

function emptiedError(path: string | undefined): MeshBackupError | undefined {
  if (path === undefined) return undefined;
  return new MeshBackupError(
    'KNOWN_EMPTIED',
    `${path} was emptied before it could be read: > where >> was meant.`,
    {
      hint: 'All that peers hold was written. What only the backup held is gone, if it held anything.',
    },
  );
}
