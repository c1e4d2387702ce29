import type { RunOrigin } from './run.ts';

/** How an event was given. */
export class Given {
  /** How often, by sources and kept backups. */
  times = 0;
  /** A kept backup holds it. */
  isKept = false;
  /** A known backup holds it. */
  isKnown = false;

  add(origins: Iterable<RunOrigin>): void {
    for (const { role } of origins) {
      if (role === 'known') this.isKnown = true;
      else this.times++;
      if (role === 'kept') this.isKept = true;
    }
  }
}
