/**
 * The payloads of the seven services, as far as content strings, proofs and filters need them. A string that is
 * missing is '', an integer is its decimal text ('0' when missing): int64 does not fit a double.
 * Source: specification, "Event".
 */

export interface Social {
  readonly svc: 'social';
  readonly type: string;
  readonly actor: string;
  readonly actorId: string;
  readonly target: string;
  readonly targetId: string;
  readonly reason: string;
  readonly witness: string;
}

export interface Ping {
  readonly svc: 'ping';
  readonly observer: string;
  readonly observerId: string;
  readonly target: string;
  readonly targetId: string;
  /** Milliseconds. */
  readonly rtt: number;
}

export interface Observation {
  readonly svc: 'observation';
  readonly observer: string;
  readonly observerId: string;
  readonly subject: string;
  readonly subjectId: string;
  readonly type: string;
  readonly importance: string;
  readonly onlineState: string;
  /** Unix seconds. */
  readonly startTime: string;
  readonly restartNum: string;
}

export interface HeyThere {
  readonly svc: 'hey-there';
  readonly from: string;
  readonly publicKey: string;
  readonly meshIp: string;
  readonly id: string;
}

export interface Chau {
  readonly svc: 'chau';
  readonly from: string;
  readonly publicKey: string;
  readonly id: string;
}

export interface Seen {
  readonly svc: 'seen';
  readonly observer: string;
  readonly observerId: string;
  readonly subject: string;
  readonly subjectId: string;
  readonly via: string;
}

export interface Checkpoint {
  readonly svc: 'checkpoint';
  readonly version: string;
  readonly subject: string;
  readonly subjectId: string;
  readonly previousCheckpointId: string;
  readonly restarts: string;
  /** Seconds. */
  readonly totalUptime: string;
  /** Unix seconds. */
  readonly startTime: string;
  /** Unix seconds. */
  readonly asOfTime: string;
  readonly voterIds: readonly string[];
  /** Signature i is voter i's. */
  readonly signatures: readonly string[];
}

export type Payload = Social | Ping | Observation | HeyThere | Chau | Seen | Checkpoint;
export type Service = Payload['svc'];
