/** Why readers disagree about an event, or why a nara's server would choke on it. */
export type HostileReason =
  | 'wrong-type'
  | 'number-range'
  | 'duplicate-key'
  | 'folded-key'
  | 'invalid-utf8'
  | 'lone-surrogate'
  | 'too-deep'
  | 'line-break'
  | 'too-large'
  | 'short-id'
  | 'no-service'
  | 'no-payload';
