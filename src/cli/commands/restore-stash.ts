import { deriveKeypair } from '../../identity/keypair.ts';
import { parseSoul } from '../../identity/soul.ts';
import { readWhole } from '../../jsonl/read-whole.ts';
import { MAX_DOCUMENT_BYTES } from '../../stash/document.ts';
import { MAX_ENVELOPE_BYTES } from '../../stash/envelope.ts';
import { assertApart } from '../apart.ts';
import { assertCanAsk } from '../ask.ts';
import type { CommandModule } from '../command-module.ts';
import { parseGivenStash } from '../given-stash.ts';
import { preRestorePath } from '../pre-restore-path.ts';
import { putStash, type PutFlags } from '../put-stash.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';
import {
  declareNaraFlags,
  declareStashWayFlags,
  naraUrlOf,
  withStashClient,
  type StashFlags,
} from '../stash-flags.ts';

interface RestoreStashFlags extends StashFlags, PutFlags {
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
    declareStashWayFlags(command);
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
    const preRestore = preRestorePath(flags.preRestore, SAVED, publicKey, new Date());
    const maxBytes = flags.plain ? MAX_DOCUMENT_BYTES : MAX_ENVELOPE_BYTES;
    const file = await readWhole(isStdin ? 'stdin' : path, isStdin ? stdin : undefined, { maxBytes, signal });
    const given = parseGivenStash(file, flags.plain ?? false, soul);
    await withStashClient(flags, url, context, (client) =>
      putStash(client, { given, soul, publicKey, preRestore }, flags, context),
    );
    return 0;
  },
};

const SAVED = { prefix: 'pre-restore-stash', ending: 'json' };
