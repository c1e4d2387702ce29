/** Environment variables that hold secrets of ours; no child of ours may inherit them. */
export const SECRET_VARIABLES: readonly string[] = [
  'NARA_SOUL',
  'TS_AUTHKEY',
  'TS_AUTH_KEY',
  'STIGMEM_FEDERATION_PRIVKEY',
  'STIGMEM_API_KEY',
];

/** A copy of the environment for a child process. */
export function environmentWithoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET_VARIABLES.includes(name)));
}
