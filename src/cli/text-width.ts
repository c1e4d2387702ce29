const NONE = /^[\p{M}\u{200d}\u{fe0f}]$/u;
const TWO =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u{3000}-\u{303f}\u{ff01}-\u{ff60}]$/u;

/** Columns of a terminal that printable text takes, for what is set in columns: close to the truth, where none is agreed on. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NONE.test(character) ? 0 : TWO.test(character) ? 2 : 1;
  return width;
}

/** The beginning of a text that takes no more than so many columns, with `…` where something is cut off. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  for (const character of text) {
    if (widthOf(cut + character) >= width) break;
    cut += character;
  }
  return `${cut}…`;
}

/** The words of a text on lines of so many columns; what has no blanks is broken where it must be. */
export function wrapToWidth(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const character of word) {
      if (widthOf(line + character) > width && line !== '') {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  return [...lines, line];
}
