/**
 * The error type of this project and the ONE table of what can go wrong: code → exit status → meaning.
 * `mesh-backup exit-codes` and docs/exit-codes.md are made from it: `mesh-backup exit-codes --markdown > docs/exit-codes.md`.
 */

/** Exit statuses and what a script may conclude from them. An unknown one is a failure. */
export const EXIT_STATUSES = {
  0: 'complete',
  1: 'failed',
  2: 'usage: the command line, a secret or a named file cannot be used',
  3: 'partial: the output is good, something is missing and is listed',
  11: 'locked: another process uses the file',
  12: 'wrong soul or key',
  13: 'integrity: something does not verify',
  14: 'nobody to talk to',
  15: 'refused by the other side',
  16: 'storage: a file or the disk failed us',
  130: 'stopped by SIGINT, what was fetched is written',
  141: 'the reader of the pipe went away',
  143: 'stopped by SIGTERM, what was fetched is written',
} as const;

export type ExitStatus = keyof typeof EXIT_STATUSES;

interface Meaning {
  /** The status of a command that ends because of this, and of nothing else. */
  readonly exitStatus: ExitStatus;
  readonly meaning: string;
}

const table = {
  USAGE: { exitStatus: 2, meaning: 'the command line makes no sense' },
  SOUL_MISSING: { exitStatus: 2, meaning: 'no soul was given' },
  SOUL_EMPTY: { exitStatus: 2, meaning: 'the soul is empty' },
  SOUL_SPACE: { exitStatus: 2, meaning: 'the soul has white space in or around it' },
  SOUL_ALPHABET: { exitStatus: 2, meaning: 'the soul has a character that Base58 does not have' },
  SOUL_LENGTH: { exitStatus: 2, meaning: 'the soul does not decode to 40 bytes (or a bare seed of 32)' },
  SECRET_UNREADABLE: { exitStatus: 2, meaning: 'the place named for a secret cannot be read' },
  PLAIN_HTTP: {
    exitStatus: 2,
    meaning: 'plain http would leave the machine, the tailnet and private networks',
  },
  PEER_LIST: { exitStatus: 2, meaning: 'a peer named on the command line or in a file is not NAME=URL' },
  KEY_LIST: { exitStatus: 2, meaning: 'a line of a file of pinned keys is no name and key' },
  FILE_UNREADABLE: { exitStatus: 16, meaning: 'a file cannot be read' },
  FILE_UNWRITABLE: { exitStatus: 16, meaning: 'a file cannot be written' },
  FILE_CHANGED: {
    exitStatus: 16,
    meaning: 'somebody else wrote to a file while we were about to replace it',
  },
  FILE_DAMAGED: { exitStatus: 13, meaning: 'a file of ours is damaged where it must be whole' },
  NOT_VERIFIED: { exitStatus: 13, meaning: 'a backup, its receipt or evidence holds what does not verify' },
  NOTHING_VERIFIED: { exitStatus: 13, meaning: 'no event whose ID fits, and no evidence that holds' },
  TORN_END: { exitStatus: 3, meaning: 'a backup ends in the middle of a line; all else verifies' },
  LOCKED: { exitStatus: 11, meaning: 'another process uses the file' },
  TEMPORARY_FILE: { exitStatus: 16, meaning: 'a temporary file cannot be made, written or read' },
  NO_ROOM: { exitStatus: 16, meaning: 'the disk is full, or would be' },
  READER_GONE: { exitStatus: 141, meaning: 'the reader of our output closed it' },
  INTERRUPTED: { exitStatus: 130, meaning: 'stopped by SIGINT' },
  TERMINATED: { exitStatus: 143, meaning: 'stopped by SIGTERM' },
  NO_PEERS: { exitStatus: 14, meaning: 'no peer was named or found' },
  MESH_NO_WAY: { exitStatus: 14, meaning: 'no peers were named and no way onto the mesh is at hand' },
  MESH_NO_DAEMON: { exitStatus: 14, meaning: 'no tailscaled: none runs there, or none is installed' },
  MESH_DAEMON: { exitStatus: 14, meaning: 'tailscaled does not start, ended, or answers nothing of use' },
  MESH_NOT_RUNNING: { exitStatus: 14, meaning: "this machine's tailscaled is not connected to a tailnet" },
  MESH_KEY_MISSING: { exitStatus: 2, meaning: 'no login server or no auth key was given' },
  MESH_KEY_REFUSED: { exitStatus: 12, meaning: 'the login server refuses the auth key' },
  MESH_TIMEOUT: { exitStatus: 14, meaning: 'not on the mesh within --join-timeout' },
  NOT_WELL: { exitStatus: 1, meaning: 'doctor found something that does not work' },
  PEER_UNREACHABLE: { exitStatus: 14, meaning: 'no connection to the peer' },
  PEER_TLS: {
    exitStatus: 14,
    meaning: 'no TLS with the peer or its proxy: most often a certificate that does not verify',
  },
  PEER_SILENT: { exitStatus: 14, meaning: 'the peer sent no byte for too long' },
  PEER_TIMEOUT: { exitStatus: 3, meaning: "the peer's time was over before its ledger was" },
  PEER_CUT: { exitStatus: 3, meaning: 'the connection ended in the middle of an answer' },
  PEER_STATUS: { exitStatus: 3, meaning: 'the peer answered with an HTTP error' },
  PEER_REDIRECT: { exitStatus: 3, meaning: 'the peer answered with a redirect that is not followed' },
  PEER_CONTENT_TYPE: { exitStatus: 3, meaning: 'the answer is not JSON by its content type' },
  PEER_CONTENT_ENCODING: { exitStatus: 3, meaning: 'the answer is compressed, which was not asked for' },
  PEER_TOO_LARGE: { exitStatus: 3, meaning: 'one answer is larger than --max-page-bytes' },
  PEER_MALFORMED: { exitStatus: 3, meaning: 'the answer is not what the protocol says' },
  PEER_CURSOR: { exitStatus: 3, meaning: "the peer's cursor does not advance" },
  PEER_BURST: { exitStatus: 3, meaning: 'more events share one ts than pages, services and slices reach' },
  PEER_LEGACY: { exitStatus: 3, meaning: 'an old server without page mode: its slices did not settle' },
  PEER_ENDLESS: { exitStatus: 3, meaning: 'the peer gives more than --max-peer-events or --max-peer-bytes' },
  PEER_KEY: { exitStatus: 3, meaning: 'the peer shows another public key than the one given for it' },
  PEER_UNSIGNED: { exitStatus: 3, meaning: 'the answer bears no signature' },
  PEER_SIGNATURE: { exitStatus: 3, meaning: "the answer's signature does not fit the peer's key" },
  PEER_REFUSED: { exitStatus: 15, meaning: 'the peer refused the request' },
  PROXY_REFUSED: { exitStatus: 15, meaning: 'the proxy refused to let us through' },
  PEER_UNKNOWN_SENDER: { exitStatus: 15, meaning: 'the peer has no key for the name we sign as' },
  PEER_CLOCK: { exitStatus: 15, meaning: "the peer's clock and ours differ by more than 30 seconds" },
  PEER_WRONG_SOUL: { exitStatus: 12, meaning: 'the peer knows another key for the name we sign as' },
  TARGET_WRONG_SOUL: { exitStatus: 12, meaning: 'the nara at -nara-url is not of this soul' },
  TARGET_CLOCK: { exitStatus: 15, meaning: "the target's clock and ours differ by more than it allows" },
  TARGET_BUSY: { exitStatus: 14, meaning: 'the target, or a proxy before it, takes nothing just now' },
  TARGET_RESTARTED: { exitStatus: 3, meaning: 'the target of a restore started anew, again and again' },
  TARGET_CUT: { exitStatus: 14, meaning: 'the connection to the target broke, again and again' },
  TARGET_NO_NARA: { exitStatus: 14, meaning: 'what answers there is no nara that takes imports' },
  TARGET_REFUSED: { exitStatus: 15, meaning: 'the target refused what was sent' },
  TARGET_UNREADABLE: {
    exitStatus: 1,
    meaning: "the target's ledger cannot be read: nothing was sent",
  },
  TARGET_CHANGED: {
    exitStatus: 1,
    meaning: 'the nara was given another stash before ours was sent: nothing was sent',
  },
  NO_STASH: { exitStatus: 3, meaning: 'the nara holds no stash' },
  STASH_NOT_SERVED: {
    exitStatus: 14,
    meaning: 'what answers there keeps no stash: no nara, or its mesh port',
  },
  STASH_TOO_LARGE: { exitStatus: 1, meaning: 'the nara tells of a stash that is too large to be read' },
  STASH_FORMAT: { exitStatus: 2, meaning: 'what was given is no sealed stash, or with --plain no JSON' },
  STASH_OTHER_SOUL: { exitStatus: 12, meaning: 'the stash was sealed for another soul' },
  STASH_CHANGED: { exitStatus: 13, meaning: 'the sealed stash was changed or damaged: it does not open' },
  STASH_LOSSY: { exitStatus: 13, meaning: 'the nara would damage the document: nothing was sent' },
  STASH_NOT_KEPT: {
    exitStatus: 3,
    meaning: 'the nara does not hold what was sent, as far as can be read back',
  },
  DECLINED: { exitStatus: 1, meaning: 'the question was answered with no: nothing was changed' },
  NOTHING_TO_RESTORE: { exitStatus: 3, meaning: 'no event of the backup is to be restored' },
  NOT_READ_WHOLE: {
    exitStatus: 3,
    meaning: 'a backup could not be read whole: what could be read counts',
  },
  NOT_RESTORED: { exitStatus: 3, meaning: 'events that were sent are not there, or were rejected' },
  TOO_MANY_REJECTS: { exitStatus: 13, meaning: 'more than 100 events that the target cannot take' },
  RESTORE_TIMEOUT: { exitStatus: 3, meaning: 'the time of a restore was over, or nothing got on' },
  NO_EVENTS: { exitStatus: 3, meaning: 'no line of what was given holds an event' },
  DIFFERENT: { exitStatus: 3, meaning: 'two backups differ, and --exit-code was given' },
  QUARANTINED: { exitStatus: 13, meaning: 'events do not verify, and --strict was given' },
  NOTHING_FETCHED: { exitStatus: 1, meaning: 'every peer failed, each for its own reason' },
  INCOMPLETE: { exitStatus: 3, meaning: 'some peers failed or are incomplete' },
  KNOWN_EMPTIED: {
    exitStatus: 3,
    meaning: 'stdout is the backup of -ids-from, and > emptied it before we ran',
  },
  SQLITE_MISSING: { exitStatus: 1, meaning: 'better-sqlite3 is not installed, or was not compiled here' },
  DATABASE_FORMAT: {
    exitStatus: 13,
    meaning: 'a file is no SQLite database: another format, encrypted or cut',
  },
  DATABASE_DAMAGED: { exitStatus: 13, meaning: 'a database fails its integrity or foreign key check' },
  DATABASE_SYSTEM: { exitStatus: 2, meaning: 'a database is that of another system' },
  DATABASE_SCHEMA: { exitStatus: 2, meaning: 'a database lacks tables that are needed: too old, or begun' },
  DATABASE_BUSY: { exitStatus: 11, meaning: 'a database was locked for longer than --busy-timeout' },
  DATABASE_IN_USE: { exitStatus: 11, meaning: 'a running process has the database open' },
  SAME_FILE: { exitStatus: 2, meaning: 'two flags name one file that must be two' },
  FILE_EXISTS: { exitStatus: 2, meaning: 'a file is there already that must not be replaced' },
  NOT_CONFIRMED: { exitStatus: 2, meaning: 'what would be replaced was not confirmed with --yes' },
  KEY_FILE: { exitStatus: 2, meaning: 'a file of a signing key does not hold one' },
  KEY_FILE_OPEN: { exitStatus: 2, meaning: 'others can read the file of a signing key' },
  TRUSTED_KEYS: { exitStatus: 2, meaning: 'a file of trusted keys is no JSON array of public keys' },
  SIGNATURE_MISMATCH: { exitStatus: 13, meaning: 'the signature does not fit the manifest and its key' },
  CHECKSUM_ERROR: { exitStatus: 13, meaning: 'the SHA-256 of an artifact is not that of the manifest' },
  UNTRUSTED_KEY: {
    exitStatus: 12,
    meaning: 'a snapshot or a record is signed with a key that is not trusted',
  },
  NO_MANIFEST: { exitStatus: 13, meaning: 'a snapshot has no manifest' },
  MANIFEST_INVALID: { exitStatus: 13, meaning: "a snapshot's manifest is not what the format says" },
  MISSING_ARTIFACT: { exitStatus: 13, meaning: 'a snapshot lacks an artifact that it must have' },
  EXTRA_FILE: { exitStatus: 13, meaning: 'a snapshot holds a file that its manifest does not name' },
  DUPLICATE_FILE: { exitStatus: 13, meaning: 'a snapshot holds one name twice' },
  UNSAFE_NAME: { exitStatus: 13, meaning: 'a name in a snapshot leads out of it' },
  NOT_A_FILE: { exitStatus: 13, meaning: 'a snapshot holds a link, a device or the like' },
  SNAPSHOT_CUT: { exitStatus: 13, meaning: 'a snapshot ends before its end' },
  SNAPSHOT_FORMAT: { exitStatus: 13, meaning: 'a file is no gzip-compressed tar' },
  SNAPSHOT_TOO_LARGE: { exitStatus: 13, meaning: 'a snapshot unpacks to more than --max-bytes' },
  NODE_REFUSED: { exitStatus: 15, meaning: 'the node refused the request: key, scope or entity' },
  NODE_ANSWER: {
    exitStatus: 14,
    meaning: 'what answers there is no node of this system, or speaks otherwise',
  },
  AUDIT_EVENT: { exitStatus: 13, meaning: 'an audit event cannot be read: nothing was written' },
  DRILL_FAILED: { exitStatus: 1, meaning: 'a drill did not end as it should' },
  NO_BACKUPS: { exitStatus: 3, meaning: 'a folder holds no backup' },
  KEEPS_NOTHING: { exitStatus: 2, meaning: 'a policy would keep nothing' },
  INTERNAL: { exitStatus: 1, meaning: 'a mistake of ours' },
} as const satisfies Record<string, Meaning>;

/** Every code that an error of this project can bear. Stable: scripts may rely on them. */
export type ErrorCode = keyof typeof table;

export const ERROR_CODES: Readonly<Record<ErrorCode, Meaning>> = table;

interface ErrorFields {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  /** Whether the same call can succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error that this project throws. `message` says what happened and may hold text that a peer sent:
 * whoever prints it escapes it. It never holds a secret.
 */
export class MeshBackupError extends Error {
  override readonly name = 'MeshBackupError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    super(message, 'cause' in fields ? { cause: fields.cause } : undefined);
    this.code = code;
    this.hint = fields.hint;
    this.retryable = fields.retryable ?? false;
  }

  get exitStatus(): ExitStatus {
    return ERROR_CODES[this.code].exitStatus;
  }
}
