const ALPHABET = /[A-Za-z0-9+/]/;

/** Go's words on a text that is no standard Base64; `undefined` for one that is. */
export function base64Error(text: string): string | undefined {
  const at = corruptAt(text);
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
}

function corruptAt(text: string): number | undefined {
  let quantum = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isLineBreak(character)) continue;
    if (character === '=') return quantum < 2 ? at : corruptPadding(text, at, quantum);
    if (!ALPHABET.test(character)) return at;
    quantum = (quantum + 1) % 4;
  }
  return quantum === 0 ? undefined : text.length - quantum;
}

function corruptPadding(text: string, first: number, quantum: number): number | undefined {
  let last = first;
  if (quantum === 2) {
    last = passLineBreaks(text, first + 1);
    if (last === text.length) return last;
    if (text[last] !== '=') return last - 1;
  }
  const behind = passLineBreaks(text, last + 1);
  return behind === text.length ? undefined : behind;
}

function passLineBreaks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isLineBreak(text[at]!)) at++;
  return at;
}

function isLineBreak(character: string): boolean {
  return character === '\n' || character === '\r';
}
