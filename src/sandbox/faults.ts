import { MeshBackupError } from '../errors.ts';

interface FaultRow {
  /** The number that stands behind the first colon; `N` of `hasFrom` is always the last and optional. */
  readonly argument?: {
    readonly name: string;
    readonly least: number;
    readonly most: number;
    readonly default?: number;
  };
  /** Behind the colon stands the name of a nara instead. */
  readonly takesName?: true;
  /** Whether `:N` may say from which sync answer, or import, on (1 is the first, and the default). */
  readonly hasFrom?: true;
  /** It shows in a restore only. Imports are counted that hold an event: a probe is none. */
  readonly ofImports?: true;
  /** It shows with `dump-stash` and `restore-stash` only, at the web port. */
  readonly ofStash?: true;
  readonly meaning: string;
}

const table = {
  delay: {
    argument: { name: 'MS', least: 0, most: 3_600_000 },
    meaning: 'every answer comes MS milliseconds late',
  },
  hang: { hasFrom: true, meaning: 'takes the request and never answers' },
  stall: { hasFrom: true, meaning: 'sends headers and half the body, then nothing more' },
  cut: { hasFrom: true, meaning: 'the connection breaks in the middle of the body' },
  status: {
    argument: { name: 'CODE', least: 300, most: 599 },
    hasFrom: true,
    meaning: 'answers with this HTTP status instead',
  },
  skew: {
    argument: { name: 'SECONDS', least: -1e9, most: 1e9 },
    meaning: 'its clock is SECONDS ahead (negative: behind)',
  },
  redirect: { meaning: 'answers with a redirect to itself' },
  'content-type': { meaning: 'says that its answers are HTML' },
  gzip: { meaning: 'compresses its answers, unasked' },
  malformed: { hasFrom: true, meaning: 'signed answers that are no JSON' },
  'stuck-cursor': { meaning: 'gives its first page and cursor again and again' },
  'back-cursor': { meaning: 'next_cursor lies an hour before the page' },
  unsigned: { meaning: 'answers bear no signature, neither header nor body' },
  'bad-signature': { hasFrom: true, meaning: "the answers' signatures do not fit them" },
  'wrong-key': { meaning: 'signs with another key than /ping shows' },
  'no-key': { meaning: '/ping shows no key' },
  'no-ping': { meaning: '/ping is not found' },
  huge: {
    argument: { name: 'BYTES', least: 1, most: Number.MAX_SAFE_INTEGER, default: 2 ** 30 },
    meaning: 'a body of blanks that goes on for BYTES (1 GiB)',
  },
  strip: { meaning: 'gives its events without emitter and signature' },
  forge: { meaning: 'some events altered, some invented' },
  foreign: { meaning: 'some events signed anew by another emitter' },
  hostile: { meaning: 'mixes in events on which readers disagree or choke' },
  lie: { meaning: 'forge, foreign and hostile, and strip for some events' },
  legacy: { meaning: 'an old server without page mode, its ties in any order' },
  moving: { meaning: 'its ledger gains and loses events between answers' },
  'no-checkpoints': { meaning: '/api/checkpoints/all is not found' },
  shift: {
    argument: { name: 'LIMIT', least: 1, most: 10_000 },
    meaning: 'LIMIT checkpoints a page, whose offsets shift',
  },
  disorder: { meaning: 'its pages are out of order' },
  repeat: { meaning: 'gives each page twice, whatever is asked' },
  endless: { meaning: 'invents events without end' },
  future: { meaning: 'each page ends with an event of the far future' },
  impostor: { takesName: true, meaning: "shows that nara's name and key" },
  monster: { meaning: 'mixes in huge names, numbers, strings and objects' },
  flaky: {
    argument: { name: 'N', least: 2, most: 1_000_000 },
    meaning: 'each Nth request fails: reset, 503, 429 in turn',
  },
  trickle: { hasFrom: true, meaning: 'its bodies come byte by byte' },
  'no-sync': { meaning: '/events/sync is not found' },
  html: { meaning: 'no nara: each path answers with a web page' },
  'no-narae': { ofImports: true, meaning: '/narae.json is not found' },
  young: {
    argument: { name: 'SECONDS', least: 0, most: 1e9 },
    ofImports: true,
    meaning: 'started so long ago; if it boots, imports end in a clean-up',
  },
  'body-limit': {
    argument: { name: 'BYTES', least: 0, most: Number.MAX_SAFE_INTEGER },
    ofImports: true,
    meaning: 'a proxy answers larger imports with 413',
  },
  refuse: {
    argument: { name: 'CODE', least: 300, most: 599 },
    hasFrom: true,
    ofImports: true,
    meaning: 'answers imports with this HTTP status instead',
  },
  busy: {
    argument: { name: 'N', least: 2, most: 1_000_000 },
    ofImports: true,
    meaning: 'each Nth import fails: reset, 503, 429 in turn',
  },
  freeze: { hasFrom: true, ofImports: true, meaning: 'takes imports in, does nothing, never answers' },
  drop: {
    argument: { name: 'N', least: 1, most: 1_000_000 },
    ofImports: true,
    meaning: 'the connection breaks before import N is stored',
  },
  'lost-answer': {
    argument: { name: 'N', least: 1, most: 1_000_000 },
    ofImports: true,
    meaning: 'the connection breaks once import N is stored',
  },
  'no-answer': {
    argument: { name: 'N', least: 1, most: 1_000_000 },
    ofImports: true,
    meaning: 'import N is stored and never answered',
  },
  'slow-import': {
    argument: { name: 'MS', least: 0, most: 3_600_000 },
    ofImports: true,
    meaning: 'each event of an import takes MS milliseconds',
  },
  'no-stash': { ofStash: true, meaning: 'it holds no stash, and nobody can give it back' },
  'lost-stash': {
    argument: { name: 'N', least: 1, most: 1_000_000, default: 1 },
    ofStash: true,
    meaning: 'it lost its stash; a recovery is done after N looks',
  },
  'no-confidants': { ofStash: true, meaning: 'nobody keeps its stash for it' },
  'stash-busy': {
    argument: { name: 'N', least: 1, most: 1_000_000, default: 1_000_000 },
    ofStash: true,
    meaning: 'answers the first N requests for a stash with 500',
  },
} as const satisfies Record<string, FaultRow>;

/** The one table of faults; the parser and the help text are made from it. */
const FAULTS: Readonly<Record<FaultKind, FaultRow>> = table;

export type FaultKind = keyof typeof table;

/** One way in which a sandbox nara misbehaves. */
export interface Fault {
  readonly kind: FaultKind;
  /** Milliseconds, status code, seconds or bytes, as the kind has it; 0 where it has none. */
  readonly amount: number;
  /** It shows from this sync answer, or import, on; 1 is the first. */
  readonly fromAnswer: number;
  /** The nara that the kind names, where it does. */
  readonly name?: string;
}

/** Parses `cut:3`, `status:503:2`, `lie`, …. Throws `USAGE`. */
export function parseFault(text: string): Fault {
  const [kind = '', ...numbers] = text.split(':');
  if (!Object.hasOwn(FAULTS, kind)) throw usage(text, `the kinds are ${Object.keys(FAULTS).join(', ')}`);
  const row = FAULTS[kind as FaultKind];
  const syntax = `it is ${synopsis(kind as FaultKind)}`;
  const { argument } = row;
  if (row.takesName === true) {
    const [name = '', ...rest] = numbers;
    if (name === '' || rest.length > 0) throw usage(text, syntax);
    return { kind: kind as FaultKind, amount: 0, fromAnswer: 1, name };
  }
  let amount = 0;
  if (argument !== undefined) {
    const given = numbers.length === 0 ? argument.default : wholeNumber(numbers.shift());
    if (given === undefined || given < argument.least || given > argument.most) throw usage(text, syntax);
    amount = given;
  }
  const fromAnswer = row.hasFrom && numbers.length > 0 ? wholeNumber(numbers.shift()) : 1;
  if (fromAnswer === undefined || fromAnswer < 1 || numbers.length > 0) throw usage(text, syntax);
  return { kind: kind as FaultKind, amount, fromAnswer };
}

/** Parses the value of `--fault`: `bob=cut:3`. Throws `USAGE`. */
export function parseFaultFlag(text: string): { nara: string; fault: Fault } {
  const equals = text.indexOf('=');
  if (equals < 1) throw usage(text, 'it is NARA=FAULT, for example bob=cut:3');
  return { nara: text.slice(0, equals), fault: parseFault(text.slice(equals + 1)) };
}

/** The fault of this kind that shows at sync answer (or import) number `answer`, 1-based; of several the last listed. */
export function findFault(faults: readonly Fault[], kind: FaultKind, answer = Infinity): Fault | undefined {
  return faults.findLast((fault) => fault.kind === kind && fault.fromAnswer <= answer);
}

/** Each fault's synopsis (`cut[:N]`) and meaning, for help texts, and whether a dump of events shows it. */
export function listFaults(): { synopsis: string; meaning: string; ofDumps: boolean }[] {
  return (Object.keys(FAULTS) as FaultKind[]).map((kind) => ({
    synopsis: synopsis(kind),
    meaning: FAULTS[kind].meaning,
    ofDumps: FAULTS[kind].ofImports !== true && FAULTS[kind].ofStash !== true,
  }));
}

function synopsis(kind: FaultKind): string {
  const { argument, hasFrom, takesName } = FAULTS[kind];
  if (takesName) return `${kind}:NAME`;
  const amount =
    argument === undefined
      ? ''
      : argument.default === undefined
        ? `:${argument.name}`
        : `[:${argument.name}]`;
  return `${kind}${amount}${hasFrom ? '[:N]' : ''}`;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
}

function usage(text: string, hint: string): MeshBackupError {
  return new MeshBackupError('USAGE', `"${text}" is no fault: ${hint}.`);
}
