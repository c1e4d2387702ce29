import { MeshBackupError } from '../errors.ts';

/** Makes a parser of whole numbers from `min` to `max`. It throws `USAGE`. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new MeshBackupError('USAGE', `'${text}' is no whole number from ${min} to ${max}`);
  };
}
