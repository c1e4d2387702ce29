import { expect, it } from 'vitest';
import type { EventView } from '../../src/event/event-view.ts';
import { NameCounts } from '../../src/sync/server-subjects.ts';

const ping = (observer: string, target: string): EventView =>
  ({ payload: { svc: 'ping', observer, target } }) as EventView;

it('groups names by the events that bear them, and a name of more than fit alone', () => {
  const names = new NameCounts();
  for (let at = 0; at < 40; at++) names.add(ping('hub', `n${at % 4}`));
  expect(names.events).toBe(40);
  expect(names.groups(20)).toEqual([['hub'], ['n0', 'n1'], ['n2', 'n3']]);
});

it('asks for no empty and no endless name, and for no more than fit a request', () => {
  const names = new NameCounts();
  names.add(ping('', 'x'.repeat(201)));
  expect(names.groups(20)).toBeUndefined();
  for (let at = 0; at < 1200; at++) names.add(ping(`n${at}`, ''));
  expect(names.groups(5000)!.map(({ length }) => length)).toEqual([500, 500, 200]);
});

it('gives up on names where there are too many to keep', () => {
  const names = new NameCounts();
  for (let at = 0; at < 20_000; at++) names.add(ping(`n${at}`, ''));
  expect(names.groups(5000)).toBeDefined();
  names.add(ping('one more', ''));
  expect(names.groups(5000)).toBeUndefined();
});
