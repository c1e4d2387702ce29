const MAX_LINES = 20;
const MAX_CHARACTERS = 500;
/** Go's log begins each line with the time. */
const TIME = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /;
const TELLING = /error|fail|fatal|panic|cannot|can't|denied|invalid|not found|unable|no such|not defined/i;

/** Cuts text that comes in pieces into lines and keeps the last 20, of 500 characters each. */
export class LastLines {
  readonly #lines: string[] = [];
  readonly #onLine: (line: string) => void;
  #rest = '';

  /** `onLine` is told of each whole line. */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(piece: string): void {
    const lines = piece.split('\n');
    lines[0] = this.#rest + lines[0]!;
    this.#rest = lines.pop()!.slice(0, MAX_CHARACTERS);
    for (const line of lines) this.#keep(line);
  }

  /** The line that says most about why it ended: the last one that speaks of trouble, else the last one; '' for none. */
  telling(): string {
    const lines = [...this.#lines, this.#rest].map((line) => line.replace(TIME, '').trim()).filter(Boolean);
    return lines.findLast((line) => TELLING.test(line)) ?? lines.at(-1) ?? '';
  }

  #keep(line: string): void {
    const short = line.slice(0, MAX_CHARACTERS);
    this.#lines.push(short);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#onLine(short);
  }
}
