/** Runs the command line as mesh-backup would, and says on stdout what memory that took at most, in MiB. */
import { runProcess } from '../../dist/cli/run-process.js';

process.on('exit', () => {
  process.stdout.write(String(Math.round(process.resourceUsage().maxRSS / 1024)));
});
await runProcess({ programName: 'mesh-backup' });
