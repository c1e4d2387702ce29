import { isObject, parseExactJson } from './exact-json.ts';

/** Whom a nara lets introduce itself, although it does not know the name. */
export interface IntroductionRule {
  /** Callers whose address begins so are called back; real naras have `100.64.`. */
  readonly addressPrefix: string;
  /** Where on the caller's address `/ping` is asked; real naras have 7433. */
  readonly port: number;
  /**
   * Asks the caller's `/ping` and returns what it says, however it is reached; whoever cannot be asked throws. For a nara
   * behind a tailscaled, whose callers all bear the address 127.0.0.1. Default: straight at the caller's address.
   */
  readonly askPing?: (signal: AbortSignal) => Promise<string>;
}

const CALL_BACK_TIMEOUT_MS = 5_000;

/**
 * Calls `/ping` back on the caller and returns the key that it shows, `undefined` unless it says it is `name`.
 * Source: specification, "Who does the receiver know?".
 */
export async function askForKey(
  name: string,
  address: string,
  rule: IntroductionRule,
): Promise<string | undefined> {
  if (!address.startsWith(rule.addressPrefix)) return undefined;
  try {
    const signal = AbortSignal.timeout(CALL_BACK_TIMEOUT_MS);
    const straight = async (): Promise<string> =>
      (await fetch(`http://${address}:${rule.port}/ping`, { signal })).text();
    const pong = parseExactJson(await (rule.askPing ?? straight)(signal));
    const key = isObject(pong) && pong['from'] === name ? pong['public_key'] : undefined;
    return typeof key === 'string' && key !== '' ? key : undefined;
  } catch {
    return undefined; // whoever cannot be asked stays a stranger
  }
}
