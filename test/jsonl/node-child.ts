import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** As others see it: the room as it was built. */
export const BUILT = new URL('../../dist/jsonl/', import.meta.url).href;
const CWD = fileURLToPath(new URL('../../', import.meta.url));

interface ChildSettings {
  /** What it is started through, such as `unshare`. */
  readonly through?: readonly string[];
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly stdio?: StdioOptions;
}

/** Starts a module, given as text, as a process. */
export function startModule(
  code: string,
  { through = [], args = [], nodeArgs = [], stdio = ['pipe', 'pipe', 'inherit'] }: ChildSettings = {},
): ChildProcess {
  const words = [...through, process.execPath, ...nodeArgs, '--input-type=module', '-e', code, '--', ...args];
  return spawn(words[0]!, words.slice(1), { cwd: CWD, stdio });
}

/** Runs a module to its end and resolves to what it printed. */
export async function runModule(code: string, settings: ChildSettings = {}): Promise<string> {
  const child = startModule(code, settings);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdin?.end();
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`it ended with ${String(status)}: ${said}`);
  return said;
}
