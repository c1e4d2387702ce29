/** The time by which requests are signed: ours, or the target's where the user wants that. */
export class TargetClock {
  /** What is added to our clock. */
  offsetMs = 0;

  /** Unix milliseconds. */
  readonly now = (): number => Date.now() + this.offsetMs;

  get unixSeconds(): number {
    return Math.floor(this.now() / 1000);
  }
}
