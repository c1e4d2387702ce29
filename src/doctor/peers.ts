import type { PeerSurvey } from '../sync/survey-peer.ts';
import { failedBy, type Check } from './check.ts';

/** Whether peers were found and let us in; those in trouble have a line of their own. */
export function checkPeers(surveys: readonly PeerSurvey[], wereAsked: boolean): Check[] {
  if (surveys.length === 0) {
    const advice = 'Name them: --peer alice=http://100.64.0.1:7433, or --peers FILE.';
    return [{ what: 'peers', state: 'failure', text: 'none found', advice }];
  }
  const good = surveys.filter(({ trouble }) => trouble === undefined).length;
  const found = `${surveys.length} found`;
  return [
    {
      what: 'peers',
      state: good === 0 ? 'failure' : good < surveys.length ? 'warning' : 'ok',
      text: wereAsked
        ? `${found}, ${good} let us in`
        : `${found}, ${good} answer; whether they let us in takes a soul and a name`,
    },
    ...surveys.flatMap(({ label, trouble }): Check[] =>
      trouble === undefined ? [] : [{ ...failedBy(`peer ${label}`, trouble), state: 'warning' }],
    ),
  ];
}

/** Naras refuse requests that are signed so far off. */
const REFUSED_MS = 30_000;
const NEARLY_MS = 10_000;

/** How far our clock is from that of whoever tells its own: the worst of them counts. */
export function checkClocks(surveys: readonly PeerSurvey[]): Check {
  const what = 'clocks';
  const told = surveys.flatMap(({ label, clockOffsetMs }) =>
    clockOffsetMs === undefined ? [] : [{ label, offsetMs: clockOffsetMs }],
  );
  const worst = told.toSorted((a, b) => Math.abs(b.offsetMs) - Math.abs(a.offsetMs))[0];
  if (worst === undefined) return { what, state: 'skipped', text: 'nobody told the time' };
  const { label, offsetMs } = worst;
  const seconds = (Math.abs(offsetMs) / 1000).toFixed(1);
  const text = `that of ${label} is ${seconds} s ${offsetMs < 0 ? 'behind' : 'ahead of'} ours, the worst of ${told.length}`;
  const state =
    Math.abs(offsetMs) > REFUSED_MS ? 'failure' : Math.abs(offsetMs) > NEARLY_MS ? 'warning' : 'ok';
  if (state === 'ok') return { what, state, text };
  const far = told.filter((one) => Math.abs(one.offsetMs) > NEARLY_MS).length;
  const whose = 2 * far > told.length ? 'this machine' : 'that machine';
  return { what, state, text, advice: `Set the clock of ${whose}: naras allow a difference of 30 s.` };
}
