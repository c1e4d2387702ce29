/** Environment variables that hold secrets of ours; no child of ours may inherit them. */
const SECRET_VARIABLES = ['NARA_SOUL', 'TS_AUTHKEY', 'TS_AUTH_KEY'] as const;

/** A copy of the environment for a child process. */
export function environmentWithoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !(SECRET_VARIABLES as readonly string[]).includes(name)),
  );
}
