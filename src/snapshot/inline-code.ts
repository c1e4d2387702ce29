/**
 * What may be taken for something else: control and format characters (bidi marks, zero-width ones), lone surrogates,
 * separators of lines, whatever is drawn as nothing; and the backslash, so that escapes can be told from text.
 */
const ESCAPED = /(?!\uFE0F)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\\/gu;
/** A Markdown reader takes blanks off the ends. */
const OUTER_BLANKS = /^ | $/g;

const SHORT_ESCAPES = new Map([
  ['\\', '\\\\'],
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
]);

/**
 * Any text as a code span of Markdown: on one line, and nothing in it is Markdown, HTML or an address that becomes a
 * link. Escapes (`\n`, `\u{202e}`, `\\`) stand for what was there, so that the text can be had back. `inTable`: no pipe either,
 * because a table's row is cut into cells before anything else.
 */
export function inlineCode(text: string, { inTable = false } = {}): string {
  if (text === '') return '*empty*';
  const visible = text.replace(ESCAPED, escape).replace(OUTER_BLANKS, escape);
  const shown = inTable ? visible.replaceAll('|', escape) : visible;
  const fence = '`'.repeat(longestRun(shown) + 1);
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function escape(character: string): string {
  return SHORT_ESCAPES.get(character) ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}
