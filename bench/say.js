/** What the drivers of whole processes print: pairs are of runs of A and B, as `alternate` gives them. */
import { medianOf, ratioText } from './compare.js';

export function say(text) {
  process.stdout.write(`${text}\n`);
}

export function mib(figure) {
  return `${figure.toFixed(0)} MiB`;
}

/** Time, time without what Node and our modules take to start, and CPU time. */
export function sayTimes(label, title, pairs, target) {
  const whole = ratioText(pairs, ({ wallMs }) => wallMs);
  const inside = ratioText(pairs, ({ elapsedMs }) => elapsedMs);
  const cpu = ratioText(pairs, ({ cpuMs }) => cpuMs);
  say(`${label}: ${title}: ${whole}, inside ${inside}, CPU ${cpu}; ${target}`);
}

/** Peaks of A against those of B, and against A's own of a row with a tenth of the events, if that was run before. */
export class Peaks {
  #ofA = new Map();

  say(label, pairs, { name, tenthOf }, mark) {
    const [peakA, peakB] = [0, 1].map((side) => medianOf(pairs.map((pair) => pair[side].peakMib)));
    say(`${label}: peak memory ${mib(peakA)} / ${mib(peakB)}: ${signed(peakA - peakB)}${mark}`);
    const tenth = this.#ofA.get(tenthOf);
    if (tenth !== undefined) {
      const peaks = `${mib(peakA)} / ${mib(tenth)}`;
      say(`${label}: peak memory / that of a tenth of the events: ${peaks}: ${signed(peakA - tenth)}`);
    }
    this.#ofA.set(name, peakA);
  }
}

function signed(figure) {
  return `${figure < 0 ? '-' : '+'} ${mib(Math.abs(figure))}`;
}
