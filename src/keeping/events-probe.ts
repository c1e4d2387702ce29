import { SEVERITIES } from '../archive/verdict.ts';
import { judgeVerify } from '../archive/verify-outcome.ts';
import type { VerifySummary } from '../archive/verify-summary.ts';
import { verify } from '../archive/verify.ts';
import { openReceipt } from '../archive/open-receipt.ts';
import { KeyRing } from '../event/keyring.ts';
import type { PinnedKey } from '../event/key-list.ts';
import { isFuture, proveEvent } from '../event/proof.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { readWhole } from '../jsonl/read-whole.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import type { Receipt } from '../receipt/parse-receipt.ts';
import type { Candidate, KnownTime, NoBackup, Probe, ProbeContext, Probed } from './probe.ts';

const NS_PER_MS = 1_000_000n;
/** It has a line for each peer, and no mesh has so many. */
const MAX_RECEIPT_BYTES = 64 * 1024 * 1024;
/** Flags with which a dump writes less than there is. */
const NARROWING = /^(--(?:since|until|svc|nara|ids-from))(?:=(.*))?$/s;
const NO_RECEIPT = 'without a receipt';

export interface EventsProbeOptions {
  /** Receipts must be by one of these, if there are any. */
  readonly pinnedKeys?: readonly PinnedKey[];
  /** Verify the signature of each event, too. That takes many times as long, and says nothing of the time. */
  readonly checkSignatures?: boolean;
}

/**
 * Looks at backups of events. One with a receipt belongs to the series of the name and key that signed it, and is from
 * the time that is under the signature, where signature and SHA-256 fit; one whose receipt does not hold does not
 * verify. Those without belong to one series, and are from the time of the newest event that is not of the future:
 * anybody can write such a time, into an event as into a file.
 * Whether one verifies is for `verify --no-signatures` to say: no line that is no event, no ID that does not fit, no
 * damage, no torn end. A file without a single event whose ID fits, and without a receipt, is no backup.
 */
export class EventsProbe implements Probe {
  readonly kind = 'events';
  readonly #pinned = new KeyRing();
  readonly #isPinned: boolean;
  readonly #options: EventsProbeOptions;

  constructor(options: EventsProbeOptions = {}) {
    this.#options = options;
    this.#isPinned = (options.pinnedKeys ?? []).length > 0;
    for (const { name, key, id } of options.pinnedKeys ?? []) this.#pinned.pin(name, key, id);
  }

  async probe(candidate: Candidate, { nowMs, signal }: ProbeContext): Promise<Probed | NoBackup> {
    const { path, receipt: place } = candidate;
    const bytes = place && (await readWhole(place.path, undefined, { maxBytes: MAX_RECEIPT_BYTES, signal }));
    const opened = bytes && openReceipt(bytes, this.#pinned);
    const file = await openBackup(path);
    let firstFlaw = '';
    try {
      const summary = await verify({
        inputs: [{ file, ...(place && bytes && { receipt: { path: place.name, bytes } }) }],
        pinnedKeys: this.#options.pinnedKeys ?? [],
        checkSignatures: this.#options.checkSignatures ?? false,
        onFinding: ({ kind, line, reason }) => {
          if (firstFlaw !== '' || SEVERITIES[kind] !== 'bad') return;
          firstFlaw = ` (${line === undefined ? '' : `line ${line}: `}${reason})`;
        },
        signal,
      });
      const receipt = opened?.receipt;
      if (receipt === undefined && summary.fitting === 0)
        return { reason: 'no event whose ID fits is in it' };
      const flaws = [
        ...[judgeVerify(summary)].flatMap((error) =>
          error === undefined ? [] : [`${error.message}${firstFlaw}`],
        ),
        ...(receipt === undefined ? [] : this.#flawsOf(receipt)),
      ];
      const isSigned = receipt !== undefined && flaws.length === 0;
      return {
        series: seriesOf(candidate, receipt),
        time: isSigned ? signedTime(receipt) : await newestEvent(summary, path, nowMs, signal),
        flaws,
      };
    } finally {
      await file.close();
    }
  }

  /** What is wrong with a receipt whose seal is good, whatever file it speaks of. */
  #flawsOf(receipt: Receipt): string[] {
    const { requester, key } = receipt;
    const isVouched = this.#pinned.keysOfName(requester).some(({ text }) => text === key.text);
    return [
      ...(this.#isPinned && !isVouched ? [`its receipt is by ${requester} with a key not vouched for`] : []),
      ...(signedTime(receipt) === undefined ? ['its receipt says no time'] : []),
    ];
  }
}

function seriesOf({ name, receipt: place }: Candidate, receipt: Receipt | undefined): string {
  if (receipt !== undefined) {
    const { requester, key } = receipt;
    return [requester, key.text, ...limitsOf(receipt)].join(' ');
  }
  // Whose it was is not to be had: no other file stands for it.
  return place === undefined ? NO_RECEIPT : `${name} with a receipt that does not hold`;
}

/** Why a dump need not have all that was to be had: it stands for no other one that has no such limits. */
function limitsOf({ exitStatus, command = [] }: Receipt): string[] {
  const narrowed = command.flatMap((word, at) => {
    const [, flag, joined] = NARROWING.exec(word) ?? [];
    if (flag === undefined) return [];
    return [`${flag}=${joined ?? command[at + 1] ?? ''}`];
  });
  return [...((exitStatus ?? 0) === 0 ? [] : ['partial']), ...narrowed.sort()];
}

function signedTime({ endedAt }: Receipt): KnownTime | undefined {
  const timeMs = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(endedAt) ? Date.parse(endedAt) : NaN;
  return Number.isNaN(timeMs) ? undefined : { timeMs, by: 'signature' };
}

/** Only an event whose ID fits: of others, not even the bytes belong to the ID. Reads the file again where it must. */
async function newestEvent(
  { findings, lastTsNs, verdicts }: VerifySummary,
  path: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<KnownTime | undefined> {
  const nowNs = BigInt(Math.trunc(nowMs)) * NS_PER_MS;
  const allFit = findings.misfit === undefined && verdicts['unknown-service'] === undefined;
  let newestNs: bigint | undefined;
  if (allFit && (lastTsNs === undefined || lastTsNs <= nowNs)) newestNs = lastTsNs;
  else {
    const file = await openBackup(path);
    const reader = new BackupLineReader();
    try {
      for await (const lines of file.batches()) {
        signal.throwIfAborted();
        for (const line of lines) {
          const read = reader.read(line);
          if (read.kind !== 'event' || isFuture(read.event, nowNs)) continue;
          const { tsNs } = read.event;
          if (newestNs !== undefined && tsNs <= newestNs) continue;
          if (proveEvent(read.event).class === 'id') newestNs = tsNs;
        }
      }
    } finally {
      await file.close();
    }
  }
  return newestNs === undefined ? undefined : { timeMs: Number(newestNs / NS_PER_MS), by: 'event' };
}

async function openBackup(path: string): Promise<LineFile> {
  const file = await LineFile.open(path);
  if (file === undefined) throw unreadable(path, new Error('it is gone'));
  return file;
}
