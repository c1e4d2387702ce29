import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { parseKeyList } from '../../event/key-list.ts';
import { carryOut, lockFolder } from '../../keeping/carry-out.ts';
import { keepsNothing } from '../../keeping/decide.ts';
import { EventsProbe } from '../../keeping/events-probe.ts';
import { ManagedProbe } from '../../keeping/managed-probe.ts';
import { planPrune } from '../../keeping/plan-prune.ts';
import { isEmpty } from '../../keeping/policy.ts';
import type { Probe } from '../../keeping/probe.ts';
import type { PruneOutcome, PrunePlan } from '../../keeping/prune-options.ts';
import { SnapshotProbe } from '../../keeping/snapshot-probe.ts';
import { readTrustedKeys } from '../../keys/trusted-keys.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import type { Output } from '../output.ts';
import { declarePruneFlags, policyOf, type PruneFlags } from '../prune-flags.ts';
import {
  judgePrune,
  leftAloneLines,
  planLines,
  planRecords,
  summaryRecord,
  totalLines,
} from '../prune-report.ts';
import { readNamedText } from '../read-named-text.ts';

export const prune: CommandModule<PruneFlags> = {
  name: 'prune',
  summary: 'remove backups of a folder that a policy does not keep',
  jsonTo: 'stdout',
  examples: [
    'backups --keep-daily 7 --keep-weekly 5 --dry-run',
    'backups --keep-within 30d --keep-monthly unlimited',
    'snapshots --keep-last 3 --trusted-keys trusted.json',
  ],
  notes: [
    'The rules mean what they mean for restic; days begin at midnight UTC. Each',
    'series is held against them by itself: a node and its key, who signed receipts,',
    'all else of a kind. The time is the signed one, or that of the newest event in',
    "it, never the file's. What does not verify, is in use, is from the future or has",
    'no time, is kept and takes no place. So is a backup with events that no kept one',
    'has: a mesh forgets, and what is in an older backup need not be in a newer one.',
    'A receipt goes with its backup. More about it: docs/keeping.md.',
  ].join('\n'),

  declare(command) {
    command
      .argument('[dir]', 'the folder; not those in it')
      .description(
        'Looks at each snapshot, database and backup of events in a folder, shows why it\n' +
          'is kept, and removes the others.',
      );
    declarePruneFlags(command);
  },

  async run(flags, { operands, output, signal, showHelp }) {
    const [folder, ...others] = operands;
    if (folder === undefined) return showHelp();
    if (others.length > 0) throw new MeshBackupError('USAGE', 'prune takes one folder.');
    const policy = policyOf(flags);
    if (isEmpty(policy)) throw keepsNothing();
    const probes = await probesOf(flags, signal);
    const isRehearsal = flags.dryRun === true;
    const lock = isRehearsal ? undefined : await lockFolder(folder, tellTakenOver(output));
    try {
      const plan = await planPrune(folder, {
        policy,
        nowMs: Date.now(),
        includeBad: flags.includeBad ?? false,
        forgetEvents: flags.forgetEvents ?? false,
        probes,
        signal,
        onProbe: (name, at, of) => {
          output.detail(line`Looking at ${name} (${at + 1} of ${of})`);
        },
      });
      // Told before it is done: what goes is known even if nobody is left to tell the rest.
      await tellPlan(plan, output);
      const outcome = isRehearsal
        ? undefined
        : await carryOut(plan, signal, (name) => {
            if (output.json) output.record({ type: 'removed', file: name });
            else output.detail(line`Removed ${name}`);
          });
      return await tellOutcome(plan, outcome, output);
    } finally {
      await lock?.release();
    }
  },
};

/** Throws `FILE_UNREADABLE`, `KEY_LIST`, `TRUSTED_KEYS`, and the signal's reason. */
async function probesOf(
  { keys, trustedKeys, signatures }: PruneFlags,
  signal: AbortSignal,
): Promise<Probe[]> {
  const pinnedKeys = keys === undefined ? [] : parseKeyList(await readNamedText(keys, 'the keys file'));
  return [
    new SnapshotProbe(
      trustedKeys === undefined ? {} : { trustedKeys: await readTrustedKeys(trustedKeys, signal) },
    ),
    new ManagedProbe(),
    new EventsProbe({ pinnedKeys, checkSignatures: signatures ?? false }),
  ];
}

function tellTakenOver(output: Output): (holder: string) => void {
  return (holder) => {
    output.warn(line`⚠️  Taking over the lock of ${holder}.`);
  };
}

async function tellPlan(plan: PrunePlan, output: Output): Promise<void> {
  if (output.json) {
    for (const record of planRecords(plan)) output.record(record);
    return;
  }
  for (const text of planLines(plan)) await output.print(text);
  if (output.verbose) for (const text of leftAloneLines(plan)) await output.print(text);
}

async function tellOutcome(
  plan: PrunePlan,
  outcome: PruneOutcome | undefined,
  output: Output,
): Promise<ExitStatus> {
  const error = judgePrune(plan, outcome);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record(summaryRecord(plan, outcome, exitStatus));
    return exitStatus;
  }
  if (plan.files.length > 0) for (const text of totalLines(plan, outcome)) await output.print(text);
  if (error !== undefined) output.fail(error);
  return exitStatus;
}
