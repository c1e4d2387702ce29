import type { MeshBackupError } from '../errors.ts';
import type { BrokenLine } from '../restore/read-input.ts';
import type { RestoreObserver } from '../restore/restore-options.ts';
import type { NaraFacts } from '../mesh/nara-facts.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { formatCount, formatDuration } from './progress-format.ts';
import type { Progress } from './progress.ts';

/** So many broken lines are named; all are counted. */
const MAX_NAMED_LINES = 20;

/** Says what a restore does while it does it, in the original's words where it had some. */
export class RestoreNarrator implements RestoreObserver {
  readonly #output: Output;
  readonly #progress: Progress;
  readonly #batchSize: number;
  #stage = { label: 'reading', startedMs: Date.now() };
  #brokenLines = 0;
  #isSettling = false;
  #planned = 0;

  constructor(output: Output, progress: Progress, batchSize: number) {
    this.#output = output;
    this.#progress = progress;
    this.#batchSize = batchSize;
  }

  read(events: number, bytes: number): void {
    this.#show('reading', events, bytes);
  }

  broken({ file, number, reason }: BrokenLine): void {
    this.#output.record({ type: 'broken', file, line: number, reason });
    if (this.#output.json || ++this.#brokenLines > MAX_NAMED_LINES) return;
    this.#output.warn(line`⚠️  ${file}, line ${number}: ${reason}`);
    if (this.#brokenLines === MAX_NAMED_LINES) this.#output.warn(line`⚠️  further ones are only counted`);
  }

  redirected(url: URL): void {
    this.#output.warn(line`⚠️  The server is at ${url.href}`);
  }

  clockFixed(offsetMs: number): void {
    const seconds = Math.round(Math.abs(offsetMs) / 1000);
    const side = offsetMs > 0 ? 'ahead of' : 'behind';
    this.#output.warn(line`⚠️  Signing with the target's time, ${seconds} s ${side} ours`);
  }

  met(facts: NaraFacts | undefined): void {
    if (facts?.ageMs === undefined) {
      const what = facts === undefined ? 'when it started, or whom it sees online' : 'when it started';
      this.#output.warn(
        line`⚠️  The target does not tell ${what}: if it started less than 6 minutes ago, wait`,
      );
    }
    if (facts !== undefined) this.#output.detail(line`The target is ${facts.name}`);
    this.#output.record({
      type: 'target',
      name: facts?.name,
      ageMs: facts?.ageMs,
      capacity: facts?.capacity,
      online: facts && [...facts.online],
    });
  }

  settling(leftMs: number, isWaiting: boolean): void {
    if (!this.#isSettling) {
      const why = 'started less than 6 minutes ago, and a nara so young deletes what is restored';
      this.#output.warn(
        isWaiting
          ? line`⏳ The target ${why}: waiting ${formatDuration(leftMs)} (--settle no goes on at once)`
          : line`⚠️  The target ${why}`,
      );
    }
    this.#isSettling = true;
    if (isWaiting) this.#show(`settling ${formatDuration(leftMs)}`, 0, 0);
  }

  lookedAt(events: number): void {
    this.#output.detail(line`The target holds ${formatCount(events)} events`);
  }

  saved(path: string, events: number): void {
    this.#output.detail(line`What it holds is saved in ${path} (${formatCount(events)} events)`);
  }

  planned(events: number): void {
    this.#planned = events;
  }

  batch({ number, events, done, bytes }: Parameters<NonNullable<RestoreObserver['batch']>>[0]): void {
    const left = Math.ceil((this.#planned - done) / this.#batchSize);
    const total = number - 1 + Math.max(1, left);
    this.#output.detail(line`📤 Sending batch ${number}/${total} (${events} events)...`);
    this.#output.record({ type: 'batch', number, events, done, bytes });
    this.#show('sending', done, bytes, this.#planned);
  }

  damaged(reason: string): void {
    this.#output.warn(line`⚠️  Not read whole: ${reason}`);
  }

  trouble({ code, message }: MeshBackupError): void {
    const what = code === 'PEER_STATUS' ? 'A batch was answered with' : 'No answer to a batch:';
    const shown = code.startsWith('TARGET_') ? line`${message}` : line`${what} ${message}`;
    this.#output.warn(line`⚠️  ${shown} (${code}); looking what arrived, then going on`);
  }

  rejected(id: string, reason: string): void {
    this.#output.record({ type: 'reject', id, reason });
    if (!this.#output.json) this.#output.warn(line`⚠️  Rejected: ${id}: ${reason}`);
  }

  waiting(leftMs: number): void {
    this.#show(`next look in ${formatDuration(leftMs)}`, 0, 0);
  }

  confirming(): void {
    this.#show('reading back', 0, 0);
  }

  #show(label: string, events: number, bytes: number, totalEvents?: number): void {
    const nowMs = Date.now();
    const stage = label.split(' ')[0]!;
    if (this.#stage.label !== stage) this.#stage = { label: stage, startedMs: nowMs };
    this.#progress.update({
      label,
      events,
      bytes,
      ...(totalEvents !== undefined && { totalEvents }),
      perPeer: [],
      startedMs: this.#stage.startedMs,
      nowMs,
    });
  }
}
