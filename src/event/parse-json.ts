/** What the text says; `undefined` where it is no JSON: the parser's own message would show parts of it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
