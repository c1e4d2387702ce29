/** Runs a script of Node in a process of its own and measures it from outside (wall clock) and inside (report-usage.js). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const REPORTER = new URL('report-usage.js', import.meta.url).href;

/** Resolves to what it took and wrote; `stdout` is `pipe`, `ignore` or a file descriptor. Throws unless its status is 0. */
export async function runMeasured(script, args, { stdout, env }) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', REPORTER, fileURLToPath(script), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout, 'pipe', 'pipe'],
  });
  const written = Promise.all(
    [child.stdout ?? [], child.stderr, child.stdio[3]].map((stream) => text(stream)),
  );
  const [status, signal] = await once(child, 'exit');
  const wallMs = performance.now() - startedMs;
  const [out, err, usage] = await written;
  if (status !== 0) throw new Error(`${script} ended with ${status ?? signal}:\n${err.slice(-2000)}`);
  return { wallMs, out, err, ...JSON.parse(usage) };
}
