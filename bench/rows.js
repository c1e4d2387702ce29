/**
 * The rows of the table that are whole processes. A row runs `a` and `b` in turn, each a run over one of its meshes
 * (meshes.js): `dump` is the real command, `fetch` the same requests with nothing done to the answers.
 */
export const ROWS = [
  {
    name: '5x80k',
    title: 'dump of 5 peers × 80,000 events, 95 % shared / bare fetch of the same pages',
    meshes: ['shared', 5, 80_000],
    a: ['dump', 'all'],
    b: ['fetch', 'all'],
    target: 'target 2.2, dream 1.5',
  },
  {
    name: '1x320k',
    title: 'dump of 1 peer × 320,000 events / bare fetch of the same pages',
    meshes: ['shared', 1, 320_000],
    a: ['dump', 'all'],
    b: ['fetch', 'all'],
    target: 'target 3, dream 2',
  },
  {
    name: 'memory',
    title: 'dump of 5 peers × 800,000 events, 95 % shared / bare fetch of the same pages',
    meshes: ['shared', 5, 800_000],
    a: ['dump', 'all'],
    b: ['fetch', 'all'],
    tenthOf: '5x80k',
    // A peak hardly differs from round to round, and these are long.
    rounds: 2,
    target: 'no target for time: it is here for its memory',
  },
  {
    name: '1000x1000',
    title: 'dump of 1,000 peers × 1,000 events / of the same copies from 10 peers',
    meshes: ['dealt', 10, 100_000, 100],
    a: ['dump', 'many'],
    b: ['dump', 'few'],
    target: 'target 2, dream 1.3',
  },
  {
    name: 'burst',
    title: 'dump of 20,000 events of one ts over all services / of different ts',
    meshes: ['burst', 20_000],
    a: ['dump', 'burst'],
    b: ['dump', 'spread'],
    target: 'target 1.5',
  },
  {
    name: 'burst-one',
    title: 'dump of 20,000 events of one ts of one service / of different ts',
    meshes: ['burst', 20_000, 'observation'],
    a: ['dump', 'burst'],
    b: ['dump', 'spread'],
    target: 'target 3',
  },
];
