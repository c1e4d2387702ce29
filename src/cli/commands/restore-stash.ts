import { MeshBackupError } from '../../errors.ts';
import { deriveKeypair } from '../../identity/keypair.ts';
import { parseSoul, type Soul } from '../../identity/soul.ts';
import { readWhole } from '../../jsonl/read-whole.ts';
import { writeWhole } from '../../jsonl/write-whole.ts';
import { findDamage } from '../../stash/damage.ts';
import { MAX_DOCUMENT_BYTES, parseDocument } from '../../stash/document.ts';
import {
  MAX_ENVELOPE_BYTES,
  openStash,
  parseEnvelope,
  sealStash,
  type SealedStash,
} from '../../stash/envelope.ts';
import type { StashClient } from '../../stash/stash-client.ts';
import type { HeldStash } from '../../stash/stash-status.ts';
import { compareStashes, storeStash } from '../../stash/store-stash.ts';
import { assertApart } from '../apart.ts';
import { askYesNo, assertCanAsk } from '../ask.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import { meetOwnNara } from '../meet-own-nara.ts';
import type { Output } from '../output.ts';
import { preRestorePath } from '../pre-restore-path.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';
import {
  declareNaraFlags,
  declareWayFlags,
  naraUrlOf,
  withStashClient,
  type StashFlags,
} from '../stash-flags.ts';
import { damageLines, storedLine, tellPlan, undistributedLine } from '../stash-report.ts';

interface RestoreStashFlags extends StashFlags {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly acceptDamage?: true;
  /** `--no-pre-restore` makes it false. */
  readonly preRestore?: string | false;
}

export const restoreStash: CommandModule<RestoreStashFlags> = {
  name: 'restore-stash',
  summary: 'give a nara back what it kept for itself',
  jsonTo: 'stdout',
  examples: [
    '-nara-url http://localhost:8080 --soul-file soul < a.stash',
    '-nara-url URL --soul-file soul --yes a.stash',
    '-nara-url URL --soul-file soul --plain --dry-run a.json',
  ],
  environment: {
    ...SOUL_ENVIRONMENT,
    HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one',
  },

  declare(command) {
    command
      .argument('[file]', 'what dump-stash wrote; none or - is stdin')
      .description(
        'Opens a sealed stash, says what it would replace and what the nara would damage\n' +
          'of it, asks, hands it to the nara, and reads it back.',
      );
    declareNaraFlags(command);
    command
      .option('--yes', 'do not ask; needed off a terminal')
      .option('--dry-run', 'look and report, change nothing')
      .option('--plain', 'the file is a bare document')
      .option('--accept-damage', 'store it although the nara will damage it')
      .option(
        '--pre-restore <file>',
        'keep what is replaced here, sealed; default:\npre-restore-stash-KEY-TIME.json',
      )
      .option('--no-pre-restore', 'keep nothing');
    declareWayFlags(command);
  },

  async run(flags, context) {
    const { output, stdin, signal } = context;
    const [path = '-'] = context.operands;
    const isStdin = path === '-';
    if (isStdin && (stdin as { isTTY?: boolean }).isTTY === true) return context.showHelp();
    const url = naraUrlOf(flags);
    if (!flags.yes && !flags.dryRun) assertCanAsk(output);
    await assertApart(
      [{ name: '--pre-restore', path: flags.preRestore === false ? undefined : flags.preRestore }],
      [
        { name: 'the stash', path: isStdin ? undefined : path },
        { name: '--ca-file', path: flags.caFile },
        { name: '--soul-file', path: flags.soulFile === '-' ? undefined : flags.soulFile },
      ],
    );
    const soul = parseSoul(await readSoulText(flags, { ...context, stdinIsData: isStdin }));
    const { publicKey } = deriveKeypair(soul);
    const maxBytes = flags.plain ? MAX_DOCUMENT_BYTES : MAX_ENVELOPE_BYTES;
    const file = await readWhole(isStdin ? 'stdin' : path, isStdin ? stdin : undefined, { maxBytes, signal });
    const sealed = flags.plain ? undefined : parseEnvelope(file);
    await withStashClient(flags, url, context, (client) =>
      put(client, { file, sealed, soul, publicKey }, flags, context),
    );
    return 0;
  },
};

interface Given {
  readonly file: Buffer;
  /** `undefined`: the file is a bare document. */
  readonly sealed: SealedStash | undefined;
  readonly soul: Soul;
  readonly publicKey: string;
}

async function put(
  client: StashClient,
  { file, sealed, soul, publicKey }: Given,
  flags: RestoreStashFlags,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const { name } = await meetOwnNara(client, publicKey, flags, output, sealed?.publicKey);
  const document = parseDocument(sealed === undefined ? file : openStash(soul, sealed));
  const damageCount = reportDamage(document, flags, output);
  const { stash: before } = await client.status();
  tellPlan({ document, label: sealed, before, name }, output);
  const summary = { type: 'summary', exitStatus: 0, name, publicKey, damageCount };
  const isThere = before !== undefined && compareStashes(document, before.document) !== undefined;
  if (isThere || flags.dryRun) {
    output.tell(
      isThere
        ? line`✅ ${name || 'The nara'} holds this stash already: nothing was sent`
        : line`Nothing was changed.`,
    );
    output.record({ ...summary, isChanged: false, isThere, isDryRun: flags.dryRun ?? false });
    return;
  }
  if (!flags.yes) await ask(before, context);
  const savedTo = before && (await keep(before, { soul, publicKey, name }, flags, output));
  const stored = await storeStash(client, document);
  if (stored.isDistributed !== true) output.warn(undistributedLine(stored));
  output.tell(storedLine(name, stored));
  output.record({ ...summary, isChanged: true, ...stored, savedTo: savedTo ?? null });
}

/** Throws `STASH_LOSSY` where the nara would damage the document and nobody said that it may. Returns in how many places. */
function reportDamage(document: Buffer, { acceptDamage }: RestoreStashFlags, output: Output): number {
  const report = findDamage(document);
  if (report.count === 0) return 0;
  const isRefused = report.isFatal || acceptDamage !== true;
  output.warn(line`⚠️  The nara ${isRefused ? 'would' : 'will'} damage this in the stash:`);
  for (const text of damageLines(report)) output.warn(text);
  for (const damage of report.damages) output.record({ type: 'damage', ...damage });
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

/** Keeps what is replaced, sealed; returns where. `undefined`: it is not wanted. */
async function keep(
  { timestamp, document }: HeldStash,
  { soul, publicKey, name }: { readonly soul: Soul; readonly publicKey: string; readonly name: string },
  { preRestore }: RestoreStashFlags,
  output: Output,
): Promise<string | undefined> {
  const now = new Date();
  const path = preRestorePath(preRestore, { prefix: 'pre-restore-stash', ending: 'json' }, publicKey, now);
  if (path === undefined) return undefined;
  const envelope = sealStash(soul, { name, timestamp, takenAt: now.toISOString() }, document);
  const savedTo = await writeWhole(path, Buffer.from(`${envelope}\n`), { over: 'keep' });
  output.tell(line`   What it held is kept, sealed, in ${savedTo}`);
  return savedTo;
}
