import process from 'node:process';
import v8 from 'node:v8';
import { printable } from './printable.ts';

const GC_FLAGS = ['--semi-space-growth-factor=1', '--heap-growing-percent=60'];

/** How long what a command left open may hold the process, after all output is out. */
const LINGER_MS = 1000;

export interface ProcessSettings {
  readonly programName?: string;
  readonly forcedCommand?: string;
}

/** Runs the command line as this process: the one function that touches the process's title and exit status. */
export async function runProcess(settings: ProcessSettings): Promise<void> {
  const argv = process.argv.slice(2);
  // Before anything else is loaded: the arguments, which may hold the soul, leave the process list.
  process.title = settings.forcedCommand ?? settings.programName ?? 'mesh-backup';
  // Dumps stream: what they throw away by the page is old before V8 looks, and would lie there by the 100 MB. Collecting
  // sooner costs time and keeps a dump of a million events below 200 MiB (docs/performance.md).
  for (const flag of GC_FLAGS) v8.setFlagsFromString(flag);
  // Node's own end would be a stack trace here, and for a promise that never settles status 13, our "integrity".
  process.exitCode = 1;
  process.on('uncaughtException', endWithError);
  process.on('exit', complainOfNoEnd);
  const { main } = await import('./main.ts');

  process.exitCode = await main(argv, settings);
  process.off('exit', complainOfNoEnd);
  // Not process.exit: it would cut off what others still write. But a forgotten socket must not hold us for ever.
  setTimeout(() => {
    if (process.env['MESH_BACKUP_DEBUG'] === '1') {
      process.stderr.write(`left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    }
    process.exit();
  }, LINGER_MS).unref();
}

function endWithError(error: Error): void {
  process.off('exit', complainOfNoEnd);
  process.stderr.write(`Error: ${printable(error.message)}\n`);
  if (process.env['MESH_BACKUP_DEBUG'] === '1') process.stderr.write(`${error.stack ?? ''}\n`);
  process.exit(1);
}

function complainOfNoEnd(): void {
  // A second signal exits on purpose and says so by its status.
  if (process.exitCode === 1) process.stderr.write('Error: the command stopped without an end.\n');
}
