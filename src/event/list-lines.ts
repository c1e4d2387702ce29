/** The lines of a list that people write by hand, with their numbers from 1; no blank ones, none that begin with `#`. */
export function* listLines(text: string): Generator<{ readonly line: string; readonly number: number }> {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (const [at, raw] of lines.entries()) {
    const line = raw.trim();
    if (line !== '' && !line.startsWith('#')) yield { line, number: at + 1 };
  }
}
