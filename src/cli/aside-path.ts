/** Where the database that a restore replaces is kept: what the flag says, or beside it; `undefined`: nowhere. */
export function asidePath(flag: string | false | undefined, dbPath: string, now: Date): string | undefined {
  if (flag === false) return undefined;
  return flag ?? `${dbPath}.pre-restore-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`;
}
