/**
 * What a terminal of so many columns shows after these bytes: characters, line ends, and the few sequences that
 * node:readline writes. Throws on any other sequence and on a wrap, so that neither can hide in a test.
 */
export function screenAfter(bytes: string, columns: number): string[] {
  const rows: (string | undefined)[][] = [[]];
  let y = 0;
  let x = 0;
  for (const [token] of bytes.matchAll(/\x1b\[[\d;]*[A-Za-z]|[^]/gu)) {
    const row = (rows[y] ??= []);
    const escape = /^\x1b\[(\d*)([A-Z])$/.exec(token);
    if (escape !== null) {
      const count = Number(escape[1] === '' ? 1 : escape[1]);
      if (escape[2] === 'A') y = Math.max(0, y - count);
      else if (escape[2] === 'G') x = count - 1;
      else if (escape[2] === 'K') row.length = Math.min(row.length, escape[1] === '2' ? 0 : x);
      else if (escape[2] === 'J') {
        row.length = Math.min(row.length, x);
        rows.length = y + 1;
      } else throw new Error(`unexpected sequence ${JSON.stringify(token)}`);
    } else if (token === '\n') {
      y += 1;
      x = 0;
    } else if (token === '\x1b' || token === '\r') {
      throw new Error(`unexpected ${JSON.stringify(token)}`);
    } else {
      if (x >= columns) throw new Error(`wrapped: ${row.join('')}`);
      row[x] = token;
      x += 1;
    }
  }
  return rows.map((row) => Array.from(row, (cell) => cell ?? ' ').join(''));
}
