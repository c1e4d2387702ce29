import { realpath } from 'node:fs/promises';
import { CompactFile } from '../archive/compact-file.ts';
import type { CompactDestination } from '../archive/compact-options.ts';
import { MeshBackupError } from '../errors.ts';
import { identityOf } from '../jsonl/file-identity.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import { openTarget } from '../jsonl/target.ts';
import { assertApart } from './apart.ts';
import type { BackupOperands } from './backup-operands.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { stdoutPath } from './stdout-file.ts';
import { warnOfTakenLock } from './taken-lock.ts';

/** The flags of `compact`, as commander reads them. */
export interface CompactFlags {
  readonly keys?: string;
  readonly output?: string;
  readonly gzip?: true;
  readonly fresh?: true;
  readonly dryRun?: true;
  readonly quarantine?: string;
  readonly variants?: string;
  readonly keepMisfits?: true;
  readonly strict?: true;
  readonly memory: number;
}

/** Where a compaction goes, and how it ends. */
export interface OpenCompactTarget {
  readonly destination: CompactDestination;
  /** `undefined`: a stream. */
  readonly path: string | undefined;
  /** All that is to be read, and where in it what OUT holds is: -1 where that is not to be read. Throws `NO_ROOM`. */
  inputs(named: readonly LineFile[]): Promise<{ readonly files: readonly LineFile[]; readonly own: number }>;
  /** `isDamaged`: what OUT held could not be read whole. */
  commit(isDamaged: boolean): Promise<void>;
  close(): Promise<void>;
}

const BESIDE = ['lock', 'part', 'spool', 'old', 'damaged'];

/** Asserts that no file which a compaction writes is another that it writes or reads, but for OUT. Throws `USAGE`. */
export async function assertCompactPlacesApart(
  { output, quarantine, variants, keys }: CompactFlags,
  operands: BackupOperands,
): Promise<void> {
  if (output === undefined || output === '') {
    throw new MeshBackupError('USAGE', 'Which backup is to be made? Name it with -o OUT.');
  }
  const out = output === '-' ? undefined : await realpath(output).catch(() => output);
  const beside = (ending: string): string | undefined => out && `${out}.${ending}`;
  const written = [
    ...BESIDE.map((ending) => ({ name: `the .${ending} of OUT`, path: beside(ending) })),
    { name: 'the quarantine', path: quarantine ?? beside('quarantine') },
    { name: 'the variants', path: variants ?? beside('variants') },
  ];
  const inputs = operands.paths.map((path) => ({ name: 'a backup', path: path === '-' ? undefined : path }));
  await assertApart(
    [output === '-' ? { name: 'stdout', path: stdoutPath() } : { name: '-o', path: out }, ...written],
    [{ name: '--keys', path: keys }],
  );
  await assertApart(written, inputs);
  if (output === '-') await assertApart([{ name: 'stdout', path: stdoutPath() }], inputs);
}

/** Opens what `-o` names. Throws `USAGE`, `LOCKED`, and as reading and writing files do. */
export async function openCompactTarget(flags: CompactFlags, output: Output): Promise<OpenCompactTarget> {
  const path = flags.output!;
  const isRehearsal = flags.dryRun ?? false;
  const gzip = flags.gzip ?? false;
  const target = path === '-' ? undefined : await openTarget(path);
  if (target?.kind === 'file') {
    const file = await CompactFile.open(target.path, {
      gzip,
      fresh: flags.fresh ?? false,
      isRehearsal,
      onTakenOver: warnOfTakenLock(target.path, output),
    });
    return fileTarget(file, output);
  }
  if (flags.fresh) throw new MeshBackupError('USAGE', '--fresh needs a file: only that has an old content.');
  if (output.json) throw new MeshBackupError('USAGE', '--json goes to stdout: -o must be a file then.');
  const write = (bytes: Buffer): Promise<void> => target?.write(bytes) ?? output.write(bytes);
  return {
    destination: { gzip, write: isRehearsal ? nothing : write },
    path: undefined,
    inputs: (files) => Promise.resolve({ files, own: -1 }),
    commit: nothing,
    close: () => target?.close() ?? nothing(),
  };
}

const nothing = (): Promise<void> => Promise.resolve();

function fileTarget(file: CompactFile, output: Output): OpenCompactTarget {
  return {
    destination: file,
    path: file.path,
    inputs: async (named) => {
      const identities = await Promise.all(named.map(({ path }) => identityOf(path)));
      const at = file.identity === undefined ? -1 : identities.indexOf(file.identity);
      const files = at === -1 && file.file !== undefined ? [...named, file.file] : named;
      file.assertRoomFor(files);
      return { files, own: at === -1 ? named.length : at };
    },
    commit: async (isDamaged) => {
      const aside = await file.commit(isDamaged);
      if (aside !== undefined) output.warn(line`⚠️  ${file.path} as it was is ${aside}`);
    },
    close: () => file.close(),
  };
}
