import { MeshBackupError } from '../errors.ts';
import type { Soul } from '../identity/soul.ts';
import { writeWhole } from '../jsonl/write-whole.ts';
import { findDamage } from '../stash/damage.ts';
import { sealStash } from '../stash/envelope.ts';
import type { StashClient } from '../stash/stash-client.ts';
import type { HeldStash } from '../stash/stash-status.ts';
import { compareStashes, storeStash } from '../stash/store-stash.ts';
import { askYesNo } from './ask.ts';
import type { CommandContext } from './command-module.ts';
import type { GivenStash } from './given-stash.ts';
import { line } from './line.ts';
import { meetOwnNara } from './meet-own-nara.ts';
import type { Output } from './output.ts';
import { damageLines, storedLine, tellPlan, tellReplaced, undistributedLine } from './stash-report.ts';

export interface PutFlags {
  readonly anyNara?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly acceptDamage?: true;
}

export interface PutSettings {
  readonly given: GivenStash;
  readonly soul: Soul;
  /** The soul's. */
  readonly publicKey: string;
  /** Where to keep what is replaced; `undefined`: nowhere. */
  readonly preRestore: string | undefined;
}

/**
 * Gives a nara a stash: looks, says what that replaces, asks, keeps what is replaced, hands it over and reads it back.
 * Throws as the steps do, `STASH_LOSSY`, `DECLINED`, and `TARGET_CHANGED`.
 */
export async function putStash(
  client: StashClient,
  { given, soul, publicKey, preRestore }: PutSettings,
  flags: PutFlags,
  context: Pick<CommandContext, 'output' | 'stdin' | 'signal'>,
): Promise<void> {
  const { output } = context;
  const { name } = await meetOwnNara(client, publicKey, flags, output, given.sealed?.publicKey);
  const document = given.open();
  const damageCount = reportDamage(document, flags, output);
  const summary = { type: 'summary', exitStatus: 0, name, publicKey, damageCount };
  const leave = (isThere: boolean): void => {
    if (!output.json) {
      output.tell(
        isThere
          ? line`✅ ${name || 'The nara'} holds this stash already: nothing was sent`
          : line`Nothing was changed.`,
      );
    }
    output.record({ ...summary, isChanged: false, isThere, isDryRun: flags.dryRun ?? false });
  };
  const { stash: before } = await client.status();
  tellPlan({ document, label: given.sealed, before, name }, output);
  const isThere = isHeld(document, before);
  if (isThere || flags.dryRun) {
    leave(isThere);
    return;
  }
  if (!flags.yes) await ask(before, context);
  // The answer may have taken minutes. What is kept has to be what is replaced.
  const { stash: replaced } = await client.status();
  if (!isSame(before, replaced)) {
    if (!flags.yes) throw changed(name);
    output.warn(line`⚠️  ${name || 'The nara'} was given another stash meanwhile`);
    tellReplaced(replaced, name, output);
    if (isHeld(document, replaced)) {
      leave(true);
      return;
    }
  }
  const savedTo = replaced && preRestore && (await keep(replaced, preRestore, { soul, name }, output));
  const stored = await storeStash(client, document);
  if (stored.isDistributed !== true) output.warn(undistributedLine(stored));
  if (!output.json) output.tell(storedLine(name, stored));
  output.record({ ...summary, isChanged: true, ...stored, savedTo: savedTo ?? null });
}

function isHeld(document: Buffer, held: HeldStash | undefined): boolean {
  return held !== undefined && compareStashes(document, held.document) !== undefined;
}

function isSame(before: HeldStash | undefined, now: HeldStash | undefined): boolean {
  return before === undefined || now === undefined ? before === now : now.document.equals(before.document);
}

/** Throws `STASH_LOSSY` where the nara would damage the document and nobody said that it may. Returns in how many places. */
function reportDamage(document: Buffer, { acceptDamage }: PutFlags, output: Output): number {
  const report = findDamage(document);
  if (report.count === 0) return 0;
  const isRefused = report.isFatal || acceptDamage !== true;
  for (const damage of report.damages) output.record({ type: 'damage', ...damage });
  if (!output.json) {
    output.warn(line`⚠️  The nara ${isRefused ? 'would' : 'will'} damage this in the stash:`);
    for (const text of damageLines(report)) output.warn(text);
  }
  if (!isRefused) return report.count;
  throw new MeshBackupError(
    'STASH_LOSSY',
    report.isFatal
      ? 'The nara could not keep this document at all: nothing was sent.'
      : 'The nara would not keep this document as it is: nothing was sent.',
    {
      hint: report.isFatal
        ? 'A nara keeps JSON objects only, their numbers as doubles.'
        : '--accept-damage stores it all the same.',
    },
  );
}

async function ask(before: HeldStash | undefined, context: Parameters<typeof askYesNo>[1]): Promise<void> {
  const question = before === undefined ? 'Store it?' : 'Replace it?';
  if (!(await askYesNo(line`${question} [y/N]`, context))) {
    throw new MeshBackupError('DECLINED', 'Nothing was changed.');
  }
}

function changed(name: string): MeshBackupError {
  const message = `The stash of ${name || 'the nara'} changed meanwhile: nothing was sent.`;
  return new MeshBackupError('TARGET_CHANGED', message, {
    hint: 'Restore again: it says what is there now.',
    retryable: true,
  });
}

/** Keeps what is replaced, sealed; returns where. */
async function keep(
  { timestamp, document }: HeldStash,
  path: string,
  { soul, name }: { readonly soul: Soul; readonly name: string },
  output: Output,
): Promise<string> {
  const label = { name, timestamp, takenAt: new Date().toISOString() };
  const envelope = sealStash(soul, label, document);
  const savedTo = await writeWhole(path, Buffer.from(`${envelope}\n`), { over: 'keep' });
  if (!output.json) output.tell(line`   What it held is kept, sealed, in ${savedTo}`);
  return savedTo;
}
