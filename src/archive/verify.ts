import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { KeyRing } from '../event/keyring.ts';
import { ALL_ZERO_SOUL_KEY } from '../identity/keypair.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import { unlessAborted } from '../mesh/unless-aborted.ts';
import { judgeHere, judgeOnThreads, type BlockJudges } from './block-judges.ts';
import { ReceiptCheck } from './check-receipt.ts';
import { FileTally } from './file-tally.ts';
import { gatherKeys } from './gather-keys.ts';
import type { BlockReport } from './judge-block.ts';
import { keyData } from './known-keys.ts';
import { blocksOf } from './line-block.ts';
import { verifyEvidence } from './evidence.ts';
import { openReceipt, type OpenedReceipt } from './open-receipt.ts';
import { plural } from './plural.ts';
import { textFlaw } from './text-flaw.ts';
import type { FindingKind } from './verdict.ts';
import type { VerifyInput, VerifyOptions } from './verify-options.ts';
import { VerifyTally } from './verify-tally.ts';
import type { VerifiedEvidence, VerifySummary } from './verify-summary.ts';

/** Less than this is judged sooner than threads are there to judge it. */
const BYTES_PER_THREAD = 1024 * 1024;

/**
 * Looks at every line of backups and says what is known of it. A first pass gathers keys, so that those which appear
 * after the events that need them count; a second one judges. What is bad is in the summary and was told as a finding;
 * it throws only where it cannot do its work: `FILE_UNREADABLE`, `NO_ROOM`, `TEMPORARY_FILE`, what `onFinding` throws,
 * and the signal's reason.
 */
export async function verify(options: VerifyOptions): Promise<VerifySummary> {
  const verification = new Verification(options).run();
  return options.signal === undefined ? verification : unlessAborted(verification, options.signal);
}

class Verification {
  readonly #options: VerifyOptions;
  readonly #startedMs = performance.now();
  readonly #ring = new KeyRing();
  readonly #tally = new VerifyTally();
  readonly #receipts: readonly (OpenedReceipt | undefined)[];
  readonly #checksSignatures: boolean;
  /** Of the pass that is going on. */
  #lines = 0;
  #bytes = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#checksSignatures = options.checkSignatures ?? true;
    for (const { name, key, id } of options.pinnedKeys ?? []) this.#ring.pin(name, key, id);
    this.#receipts = options.inputs.map(({ receipt }) => receipt && openReceipt(receipt.bytes, this.#ring));
    if (options.pinnedOnly !== true) for (const receipt of this.#receipts) receipt?.teach(this.#ring);
  }

  async run(): Promise<VerifySummary> {
    const { inputs, evidence: folder } = this.#options;
    const again: LineFile[] = [];
    let judges: BlockJudges | undefined;
    try {
      const totalLines = await this.#gather(again);
      const keys = this.#checksSignatures
        ? keyData(this.#ring, this.#options.pinnedOnly === true)
        : undefined;
      const files = again.length === 0 ? inputs.map(({ file }) => file) : again;
      const workers = this.#threadsFor(files);
      judges = workers === 0 ? judgeHere(keys) : judgeOnThreads(workers, keys);
      for (const [at, file] of files.entries())
        await this.#judgeFile(inputs[at]!, file, at, judges, totalLines);
      if (this.#checksSignatures) this.#findKeys();
      this.#tally.findGaps();
      const evidence = folder === undefined ? undefined : await this.#judgeEvidence(folder);
      await this.#tell();
      return this.#tally.summary(this.#ring, evidence, performance.now() - this.#startedMs);
    } finally {
      await judges?.close();
      await Promise.all(again.map((file) => file.close()));
    }
  }

  /** The first pass, where it is of use: resolves to the number of lines, and puts the files to be read into `again`. */
  async #gather(again: LineFile[]): Promise<number | undefined> {
    const { inputs, pinnedOnly, signal, observer } = this.#options;
    if (!this.#checksSignatures || pinnedOnly === true) return undefined;
    for (const { file } of inputs) {
      const [lines, bytes] = [this.#lines, this.#bytes];
      const onRead = (fileLines: number, fileBytes: number): void => {
        this.#lines = lines + fileLines;
        this.#bytes = bytes + fileBytes;
        observer?.gathering(this.#lines, this.#bytes);
      };
      again.push(await gatherKeys(file, this.#ring, { signal, onRead }));
    }
    const total = this.#lines;
    this.#lines = this.#bytes = 0;
    return total;
  }

  #threadsFor(files: readonly LineFile[]): number {
    const { workers = availableParallelism() } = this.#options;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return Math.min(workers, Math.floor(bytes / BYTES_PER_THREAD));
  }

  async #judgeFile(
    input: VerifyInput,
    file: LineFile,
    at: number,
    judges: BlockJudges,
    totalLines: number | undefined,
  ): Promise<void> {
    const { signal, observer } = this.#options;
    const receipt = this.#receipts[at];
    const check = receipt?.receipt && new ReceiptCheck(receipt.receipt, file.isCompressed);
    const tally = new FileTally(file, this.#tally);
    let beginning: Buffer | undefined;
    const batches = file.batches({
      raw: (bytes) => {
        tally.bytes += bytes.length;
        check?.raw(bytes);
      },
      plain: (bytes) => {
        beginning ??= bytes;
        check?.plain(bytes);
      },
    });
    const take = async (report: Promise<BlockReport>): Promise<void> => {
      tally.add(await report);
      await this.#tell();
      observer?.verifying(this.#lines + tally.lines, this.#bytes + tally.bytes, totalLines);
    };
    const pending: Promise<BlockReport>[] = [];
    for await (const block of blocksOf(batches)) {
      signal?.throwIfAborted();
      const report = judges.judge(block);
      report.catch(() => undefined); // it is waited for in its turn, or no more
      pending.push(report);
      if (pending.length >= judges.window) await take(pending.shift()!);
    }
    for (const report of pending) await take(report);
    const flaw = beginning && textFlaw(beginning);
    if (flaw !== undefined) tally.find('not-text', flaw);
    for (const reason of file.breaks) tally.find('damaged', reason);
    const grown = await growthOf(input.file);
    if (grown > 0)
      tally.find(
        'grown',
        `it grew while it was read: its last ${grown} ${plural(grown, 'byte was', 'bytes were')} not looked at`,
      );
    const flaws = receipt === undefined ? [] : [...receipt.flaws, ...(check?.flaws(tally) ?? [])];
    for (const reason of flaws) tally.find('receipt', `${input.receipt?.path ?? ''}: ${reason}`);
    tally.end(receipt && flaws.length === 0);
    this.#lines += tally.lines;
    this.#bytes += tally.bytes;
  }

  async #judgeEvidence(folder: string): Promise<VerifiedEvidence> {
    const { pinnedKeys = [], pinnedOnly: only = false, signal } = this.#options;
    const keys = new KeyRing();
    for (const { name, key, id } of pinnedKeys) keys.pin(name, key, id);
    const onFlaw = async (file: string, reason: string): Promise<void> => {
      this.#tally.note({ kind: 'evidence', file, reason });
      await this.#tell();
    };
    return verifyEvidence(folder, { vouched: { keys, only }, onFlaw, signal });
  }

  /** Names and IDs of which several keys are known, and keys that anybody can sign with. */
  #findKeys(): void {
    const { names, ids } = this.#ring.owners;
    for (const name of names) {
      const keys = this.#ring.keysOfName(name).map(({ text }) => text);
      if (this.#ring.isContested(name)) this.#findKey('several-keys', `${name}: ${keys.sort().join(', ')}`);
      if (this.#ring.isCrowded(name)) this.#findCrowd(name, keys.length);
      if (keys.includes(ALL_ZERO_SOUL_KEY))
        this.#findKey(
          'open-key',
          `${name}: anybody can sign with its key; what counts as signed with it proves nothing`,
        );
    }
    for (const id of ids) {
      const keys = this.#ring.keysOfId(id).map(({ text }) => text);
      if (this.#ring.isContestedId(id))
        this.#findKey('several-keys', `the ID ${id}: ${keys.sort().join(', ')}`);
      if (this.#ring.isCrowdedId(id)) this.#findCrowd(`the ID ${id}`, keys.length);
    }
  }

  #findCrowd(owner: string, tried: number): void {
    this.#findKey('too-many-keys', `${owner}: greetings bring more keys than the ${tried} that were tried`);
  }

  #findKey(kind: FindingKind, reason: string): void {
    this.#tally.note({ kind, reason });
  }

  async #tell(): Promise<void> {
    const { onFinding } = this.#options;
    for (const finding of this.#tally.takeFindings()) await onFinding?.(finding);
  }
}

/** By how many bytes a file is longer than it was when it was opened. */
async function growthOf({ path, size, isRegular }: LineFile): Promise<number> {
  const now = !isRegular ? undefined : await stat(path).catch(() => undefined);
  return now?.isFile() === true ? Math.max(0, now.size - size) : 0;
}
