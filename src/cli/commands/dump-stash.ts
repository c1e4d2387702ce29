import { Option } from 'commander';
import { MeshBackupError } from '../../errors.ts';
import { deriveKeypair } from '../../identity/keypair.ts';
import { parseSoul } from '../../identity/soul.ts';
import { writeWhole } from '../../jsonl/write-whole.ts';
import { confidantsText } from '../../stash/confidants.ts';
import { MAX_DOCUMENT_BYTES } from '../../stash/document.ts';
import { sealStash } from '../../stash/envelope.ts';
import { fetchStash, type FetchedStash } from '../../stash/fetch-stash.ts';
import { meetOwnNara } from '../meet-own-nara.ts';
import { assertApart } from '../apart.ts';
import type { CommandModule } from '../command-module.ts';
import { parseDurationMs } from '../duration.ts';
import { line } from '../line.ts';
import { optionValue } from '../option-value.ts';
import type { Output } from '../output.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';
import {
  declareNaraFlags,
  declareStashWayFlags,
  naraUrlOf,
  withStashClient,
  type StashFlags,
} from '../stash-flags.ts';
import { stdoutPath } from '../stdout-file.ts';
import { stashLine } from '../stash-report.ts';
import { warnOfTakenLock } from '../taken-lock.ts';
import { warnOfReaders } from '../warn-of-readers.ts';

interface DumpStashFlags extends StashFlags {
  readonly output?: string;
  readonly recover?: true;
  /** ms. */
  readonly recoverTimeout?: number;
}

export const dumpStash: CommandModule<DumpStashFlags> = {
  name: 'dump-stash',
  summary: 'fetch what a nara keeps for itself, and seal it',
  jsonTo: 'stderr',
  examples: [
    '-nara-url http://localhost:8080 --soul-file soul -o a.stash',
    '-nara-url URL --soul-file soul --plain -o a.json',
    '-nara-url URL --soul-file soul --recover -o a.stash',
  ],
  environment: {
    ...SOUL_ENVIRONMENT,
    HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one',
  },

  declare(command) {
    command.description(
      "Fetches a nara's stash from its web port and seals it, so that only its soul\n" +
        'opens it: one line of JSON, to stdout or a file. The document keeps each byte.',
    );
    declareNaraFlags(command);
    command
      .option('-o, --output <file>', 'write it here, whole or not at all; - is stdout')
      .option('--plain', 'the bare document, for everybody to read')
      .option('--recover', 'where there is none, ask its confidants for it, and wait')
      .addOption(
        new Option('--recover-timeout <duration>', 'wait so long for them (default: 1m)').argParser(
          optionValue(parseDurationMs),
        ),
      );
    declareStashWayFlags(command);
  },

  async run(flags, context) {
    const { output, signal } = context;
    const url = naraUrlOf(flags);
    if (flags.recoverTimeout !== undefined && !flags.recover) {
      throw new MeshBackupError(
        'USAGE',
        '--recover-timeout says how long --recover waits, which was not given.',
      );
    }
    const path = flags.output === '-' ? undefined : flags.output;
    await assertApart(
      [{ name: '-o', path }],
      [
        { name: '--ca-file', path: flags.caFile },
        { name: '--soul-file', path: flags.soulFile === '-' ? undefined : flags.soulFile },
      ],
    );
    const soul = parseSoul(await readSoulText(flags, { ...context, stdinIsData: false }));
    const { publicKey } = deriveKeypair(soul);
    await withStashClient(flags, url, context, async (client) => {
      const { name } = await meetOwnNara(client, publicKey, flags, output);
      const stash = await fetchStash(client, {
        recover: flags.recover ?? false,
        recoverTimeoutMs: flags.recoverTimeout ?? RECOVER_TIMEOUT_MS,
        signal,
        onRecovering: (confidants) => {
          output.tell(line`⏳ It has none: it is asking its confidants (it knows ${confidants})`);
        },
      });
      const { timestamp, document } = stash;
      const text = flags.plain
        ? Buffer.concat([document, LINE_FEED])
        : `${sealStash(soul, { name, timestamp, takenAt: new Date().toISOString() }, document)}\n`;
      const file = await write(path, Buffer.from(text), output);
      if (flags.plain) await warnOfPlain(file ?? stdoutPath(), document, output);
      report({ name, publicKey, stash, file, isSealed: flags.plain !== true }, output);
    });
    return 0;
  },
};

const RECOVER_TIMEOUT_MS = 60_000;
const LINE_FEED = Buffer.from('\n');

/** Returns the file's name; `undefined`: stdout. */
async function write(path: string | undefined, bytes: Buffer, output: Output): Promise<string | undefined> {
  if (path !== undefined) {
    return writeWhole(path, bytes, { over: 'replace', onTakenOver: warnOfTakenLock(path, output) });
  }
  await output.write(bytes);
  return undefined;
}

async function warnOfPlain(path: string | undefined, document: Buffer, output: Output): Promise<void> {
  if (document.length > MAX_DOCUMENT_BYTES) {
    output.warn(
      line`⚠️  This is more than restore-stash takes bare (${MAX_DOCUMENT_BYTES} bytes): keep it sealed as well`,
    );
  }
  if (path !== undefined) await warnOfReaders(path, output);
}

interface Dumped {
  readonly name: string;
  readonly publicKey: string;
  readonly stash: FetchedStash;
  readonly file: string | undefined;
  readonly isSealed: boolean;
}

function report({ name, publicKey, stash, file, isSealed }: Dumped, output: Output): void {
  const { timestamp, document, confidants, isRecovered } = stash;
  output.record({
    type: 'summary',
    exitStatus: 0,
    name,
    publicKey,
    timestamp,
    bytes: document.length,
    isSealed,
    isRecovered,
    confidants,
    file: file ?? null,
  });
  if (output.json || !(output.isTerminal || output.verbose)) return;
  const how = isSealed ? 'sealed' : 'NOT sealed';
  output.tell(line`✅ Stash of ${name || 'the nara'}: ${stashLine(stash)}`);
  output.tell(line`   ${how}, to ${file ?? 'stdout'}; ${confidantsText(confidants)}`);
}
