import { line } from './line.ts';
import type { Output } from './output.ts';

/** Says whose lock on a file was taken over. */
export function warnOfTakenLock(path: string, output: Output): (holder: string) => void {
  return (holder) => {
    output.warn(line`⚠️  Took over the lock of ${path} from ${holder}`);
  };
}
