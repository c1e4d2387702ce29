/**
 * Orders two texts as Python does: by code point, where `<` orders by UTF-16 unit and so puts U+1F338 before U+FFFD. Half
 * a surrogate pair is a code point of its own.
 */
export function compareCodePoints(a: string, b: string): number {
  for (let at = 0; ; at++) {
    const ofA = a.codePointAt(at) ?? -1;
    const ofB = b.codePointAt(at) ?? -1;
    if (ofA !== ofB) return ofA - ofB;
    if (ofA === -1) return 0;
  }
}
