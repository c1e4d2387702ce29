/** So much of a secret's start, where a text was cut inside it, is still worth hiding. */
const MIN_START = 6;
const MASK = '***';

/** Takes a secret out of a text of somebody who was given it: whole, as a URL or JSON has it, or cut at the text's end. */
export function scrub(text: string, secret: string): string {
  if (secret === '') return text;
  const shapes = new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  let clean = text;
  for (const shape of shapes) clean = clean.replaceAll(shape, MASK);
  for (let length = secret.length - 1; length >= MIN_START; length--) {
    if (clean.endsWith(secret.slice(0, length))) return clean.slice(0, -length) + MASK;
  }
  return clean;
}
