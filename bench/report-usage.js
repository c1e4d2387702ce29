/**
 * Imported (`node --import`) into each process that is measured: when it ends, it says on its file descriptor 3 what it
 * took. Its peak is never less than that of the process that started it, which is small for that reason.
 */
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage = { peakMib: maxRSS / 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeSync(3, JSON.stringify(usage));
});
