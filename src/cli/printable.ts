/**
 * What a terminal or a reader's eye may take for something else: control characters, format characters (bidi marks,
 * zero-width ones), lone surrogates, private and unassigned code points, line and paragraph separators, and whatever
 * else is drawn as nothing. The emoji variation selector stays: it only chooses between two drawings.
 */
const UNPRINTABLE = String.raw`(?!\uFE0F)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const IS_UNPRINTABLE = new RegExp(`^${UNPRINTABLE}`, 'u');
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, 'gu');

const SHORT_ESCAPES = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
]);

const MAX_CHARACTERS = 200;

/**
 * The ONE way to paper and screen for text that came from a peer, a file or a server: one line, at most
 * `maxCharacters` code points (then `…`), and nothing in it that acts on a terminal. `\n` and `\u{202e}` stand for what
 * was there; ordinary text comes back as it is. Takes time by what it shows, not by what it is given.
 */
export function printable(text: string, maxCharacters = MAX_CHARACTERS): string {
  let shown = '';
  let characters = 0;
  for (const character of text) {
    const piece = IS_UNPRINTABLE.test(character) ? escape(character) : character;
    characters += piece === character ? 1 : piece.length;
    if (characters > maxCharacters) return `${shown}…`;
    shown += piece;
  }
  return shown;
}

/** JSON text without raw unprintable characters; it parses to the same value as before. */
export function printableJson(json: string): string {
  return json.replace(ALL_UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => character.charCodeAt(unit))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function escape(character: string): string {
  return SHORT_ESCAPES.get(character) ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
