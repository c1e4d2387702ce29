import { unsafeName } from './snapshot-failure.ts';

/** Whatever a name with other characters means depends on the system that unpacks it. */
const PLAIN_ASCII = /^[ -~]+$/;

/**
 * Asserts that a name stays inside the folder that it is unpacked into, on every system, and is its own only spelling:
 * `./a` and `a//b` would be other names for what is there already. Throws `UNSAFE_NAME`.
 */
export function assertSafeName(name: string): void {
  const parts = name.split('/');
  const isSafe =
    PLAIN_ASCII.test(name) &&
    !/[\\:]/.test(name) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isSafe) return;
  throw unsafeName(`a name that may lead out of it: "${name}"`);
}
