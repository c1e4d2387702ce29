/**
 * The JSON keys that a nara's server reads, with the Go types that decide what it refuses.
 * Source: specification, "Event" (the table of services).
 */

type ScalarType = 'string' | 'int64' | 'uint64' | 'float64' | 'bool' | 'strings';
interface Shape {
  readonly [key: string]: ScalarType | Shape;
}

const NAMED_PAIR = { observer: 'string', observer_id: 'string' } as const;

const EVENT_SHAPE = {
  id: 'string',
  ts: 'int64',
  svc: 'string',
  emitter: 'string',
  emitter_id: 'string',
  sig: 'string',
  social: {
    type: 'string',
    actor: 'string',
    actor_id: 'string',
    target: 'string',
    target_id: 'string',
    reason: 'string',
    witness: 'string',
  },
  ping: { ...NAMED_PAIR, target: 'string', target_id: 'string', rtt: 'float64' },
  observation: {
    ...NAMED_PAIR,
    subject: 'string',
    subject_id: 'string',
    type: 'string',
    importance: 'int64',
    is_backfill: 'bool',
    start_time: 'int64',
    restart_num: 'int64',
    last_restart: 'int64',
    online_state: 'string',
    cluster_name: 'string',
    observer_uptime: 'uint64',
  },
  hey_there: { From: 'string', PublicKey: 'string', MeshIP: 'string', ID: 'string', Signature: 'string' },
  chau: { From: 'string', PublicKey: 'string', ID: 'string', Signature: 'string' },
  seen: { ...NAMED_PAIR, subject: 'string', subject_id: 'string', via: 'string' },
  checkpoint: {
    version: 'int64',
    subject: 'string',
    subject_id: 'string',
    previous_checkpoint_id: 'string',
    observation: { restarts: 'int64', total_uptime: 'int64', start_time: 'int64' },
    as_of_time: 'int64',
    round: 'int64',
    voter_ids: 'strings',
    signatures: 'strings',
  },
} as const satisfies Shape;

/** A field of the event: `slot` numbers it among all fields, an object's own fields follow it. */
export interface Field {
  readonly name: string;
  /** The key as it stands in nearly every event: quoted, nothing escaped, its colon right behind it. */
  readonly keyBytes: Uint8Array;
  readonly slot: number;
  readonly type: ScalarType | ObjectSchema;
}

export interface ObjectSchema {
  /** In the order in which servers write them. */
  readonly fields: readonly Field[];
  readonly exact: ReadonlyMap<string, Field>;
  /** By `foldKey` of the name. */
  readonly folded: ReadonlyMap<string, Field>;
  /** First slot behind those of this object's fields, at all depths. */
  readonly endSlot: number;
}

/** Go matches keys without regard to case, U+017F as `s` and U+212A as `k` among them. */
export function foldKey(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k');
}

function compile(shape: Shape, firstSlot: number): ObjectSchema {
  let slot = firstSlot;
  const fields = Object.entries(shape).map(([name, type]): Field => {
    const own = { name, keyBytes: Buffer.from(`"${name}":`), slot: slot++ };
    if (typeof type === 'string') return { ...own, type };
    const inner = compile(type, slot);
    slot = inner.endSlot;
    return { ...own, type: inner };
  });
  return {
    fields,
    exact: new Map(fields.map((field) => [field.name, field])),
    folded: new Map(fields.map((field) => [foldKey(field.name), field])),
    endSlot: slot,
  };
}

export const EVENT_SCHEMA = compile(EVENT_SHAPE, 0);

type Path<S> = { [K in keyof S & string]: S[K] extends string ? K : K | `${K}.${Path<S[K]>}` }[keyof S &
  string];

/** The slot of each field by its path, such as `SLOT['checkpoint.observation.restarts']`. */
export const SLOT = Object.fromEntries(paths(EVENT_SCHEMA, '')) as Readonly<
  Record<Path<typeof EVENT_SHAPE>, number>
>;

function paths(schema: ObjectSchema, prefix: string): [string, number][] {
  return schema.fields.flatMap(({ name, slot, type }): [string, number][] => {
    const inner = typeof type === 'string' ? [] : paths(type, `${prefix}${name}.`);
    return [[prefix + name, slot], ...inner];
  });
}
