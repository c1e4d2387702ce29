/** A tar reader for tests that knows nothing of ours: it believes what it reads. */
export interface PlainHeader {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
  /** Where its header begins. */
  readonly at: number;
}

export function headersOf(tar: Buffer): PlainHeader[] {
  const headers: PlainHeader[] = [];
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    headers.push({
      name: text(0, 100),
      type: text(156, 1),
      mode: text(100, 8).trim().slice(-4),
      owner: `${Number.parseInt(text(108, 8), 8)}:${Number.parseInt(text(116, 8), 8)}${text(265, 32)}${text(297, 32)}`,
      size,
      at,
    });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return headers;
}

/** Contents by name. */
export function filesOf(tar: Buffer): Map<string, Buffer> {
  return new Map(
    headersOf(tar)
      .filter(({ type }) => type === '0')
      .map(({ name, at, size }) => [name, tar.subarray(at + 512, at + 512 + size)]),
  );
}
