/**
 * The library: what the commands are made of, for people who script in TypeScript. See docs/design.md for the rooms.
 */
export { VERDICTS, type Finding, type FindingKind, type Severity, type Verdict } from './archive/verdict.ts';
export { verify } from './archive/verify.ts';
export type { VerifyInput, VerifyObserver, VerifyOptions } from './archive/verify-options.ts';
export { judgeVerify } from './archive/verify-outcome.ts';
export type {
  ProvenLiar,
  VerifiedEvidence,
  VerifiedFile,
  VerifiedSigner,
  VerifySummary,
} from './archive/verify-summary.ts';
export type { ServiceCounts } from './archive/service-tally.ts';
export type { Row, TableContent } from './archive/bounded-table.ts';
export { judgeIntake, type IntakeCounts } from './archive/line-intake.ts';
export { MAX_SAMPLE } from './archive/line-sample.ts';
export { selectEvents, type SelectOptions, type SelectSummary } from './archive/select.ts';
export { collectStats, STATS_CAPACITY, type StatsOptions, type StatsSummary } from './archive/stats.ts';
export type { PairRow, RestartRow, ShareRow } from './archive/stats-rows.ts';
export type { Timeline } from './archive/timeline.ts';
export { CompactFile, type CompactFileOptions } from './archive/compact-file.ts';
export type { CompactDestination, CompactObserver, CompactOptions } from './archive/compact-options.ts';
export { judgeCompact } from './archive/compact-outcome.ts';
export type { CompactCounts, CompactInput, CompactSummary } from './archive/compact-summary.ts';
export { compact } from './archive/compact.ts';
export type { BoundedTally } from './archive/bounded-tally.ts';
export type { DiffCounts, DiffKind } from './archive/diff-counts.ts';
export type { DiffLine, DiffOptions } from './archive/diff-options.ts';
export { judgeDiff } from './archive/diff-outcome.ts';
export type { DiffInput, DiffSummary } from './archive/diff-summary.ts';
export { diff } from './archive/diff.ts';
export type { Destination, PriorBackup } from './dump/destination.ts';
export { dump } from './dump/dump.ts';
export type { DumpObserver, DumpOptions } from './dump/dump-options.ts';
export { FileDestination, type FileDestinationOptions } from './dump/file-destination.ts';
export { judgeDump, type Demands } from './dump/outcome.ts';
export { makeReceipt, type ReceiptContext } from './dump/receipt.ts';
export {
  gaveAnything,
  type DumpSummary,
  type EventCounts,
  type EvidenceCounts,
  type PriorSummary,
  type Suspects,
} from './dump/summary.ts';
export { EvidenceFolder } from './evidence/evidence-folder.ts';
export { ERROR_CODES, EXIT_STATUSES, MeshBackupError, type ErrorCode, type ExitStatus } from './errors.ts';
export { EventMemo } from './event/event-memo.ts';
export { eventBytes, readEvent, type EventView } from './event/event-view.ts';
export type { EventFilter } from './event/filter.ts';
export { parseKeyList, type PinnedKey } from './event/key-list.ts';
export type { HostileReason } from './event/hostile-reason.ts';
export { KeyRing } from './event/keyring.ts';
export type { Payload, Service } from './event/payload.ts';
export { isAmbiguous, isFuture, proveEvent, type Proof } from './event/proof.ts';
export { EventScanner, scanLine } from './event/scanner.ts';
export { countVoters, isSigned, verifyEventSignature } from './event/signature.ts';
export { recordedDrill, type DrilledServer, type RecordedDrillOptions } from './drill/recorded-drill.ts';
export { verifyBond } from './identity/bond.ts';
export { deriveEncryptionKey, deriveKeypair, PublicKey, type Keypair } from './identity/keypair.ts';
export { naraId } from './identity/nara-id.ts';
export { seal, unseal, type Sealed } from './identity/seal.ts';
export { encodeSoul, parseSoul, type Soul } from './identity/soul.ts';
export { LineFile, type Line } from './jsonl/line-file.ts';
export { readLines } from './jsonl/read-lines.ts';
export { RecordFile } from './jsonl/record-file.ts';
export type { RecordSink } from './jsonl/record-sink.ts';
export { carryOut, lockFolder } from './keeping/carry-out.ts';
export { makeCronLine } from './keeping/crontab.ts';
export { decide, type DecideOptions, type Decision, type Known } from './keeping/decide.ts';
export { EventsProbe, type EventsProbeOptions } from './keeping/events-probe.ts';
export { ManagedProbe } from './keeping/managed-probe.ts';
export { planPrune } from './keeping/plan-prune.ts';
export { applyPolicy, type Judged, type Policy } from './keeping/policy.ts';
export type { Candidate, KnownTime, NoBackup, Probe, Probed } from './keeping/probe.ts';
export type { PlannedFile, PlanOptions, PruneOutcome, PrunePlan } from './keeping/prune-options.ts';
export type { Schedule, UnitSchedule } from './keeping/schedule.ts';
export { SnapshotProbe, type SnapshotProbeOptions } from './keeping/snapshot-probe.ts';
export { parseSpan, type Span } from './keeping/span.ts';
export { makeUnits, type UnitFile } from './keeping/systemd-units.ts';
export { emptyTally, merge, type MergeOptions, type MergeTally } from './merge/merge.ts';
export type { Run, RunOrigin, RunReader } from './merge/run.ts';
export type { RunBuilder } from './merge/run-builder.ts';
export { RunPool, type RunPoolOptions } from './merge/run-pool.ts';
export { discover, type Discovery, type DiscoveryOptions, type FoundNara } from './mesh/discover.ts';
export { enterMesh, type Entry, type EntryOptions } from './mesh/enter-mesh.ts';
export { joinHost, type HostSettings } from './mesh/host.ts';
export { PeerHttp, type HttpSettings } from './mesh/http.ts';
export { Introducer } from './mesh/introducer.ts';
export type { Membership } from './mesh/membership.ts';
export { joinOwn, type OwnSettings } from './mesh/own.ts';
export { parsePeer, parsePeerList, type PeerAddress } from './mesh/peer-list.ts';
export type { Requester } from './mesh/request-signing.ts';
export { proxyFromEnvironment, type ProxySettings } from './mesh/proxy.ts';
export type { TailnetMachine, TailnetStatus } from './mesh/tailnet-status.ts';
export { parseTargetUrl } from './mesh/target-url.ts';
export { judgeRestore } from './restore/outcome.ts';
export { RESTORE_DEFAULTS, type RestoreObserver, type RestoreOptions } from './restore/restore-options.ts';
export type { RestoreSummary } from './restore/restore-summary.ts';
export { restore } from './restore/restore.ts';
export { MISSING_REASONS, type MissingReason } from './restore/confirm.ts';
export { STAY_REASONS, type StayCounts, type StayReason } from './restore/stay-reason.ts';
export { makeSigningKey, parseSigningKey, readSigningKey, type SigningKey } from './keys/signing-key.ts';
export { parseTrustedKeys, readTrustedKeys } from './keys/trusted-keys.ts';
export {
  exportAuditEvents,
  type AuditExportOptions,
  type AuditExportSummary,
} from './managed/audit-export.ts';
export { checkAuthority, type AuthorityAnswer, type AuthoritySettings } from './managed/authority-check.ts';
export { backUpAuthority } from './managed/back-up-authority.ts';
export { checkBundle, type CheckedBundle } from './managed/bundle-check.ts';
export { gatherIncident, type IncidentOptions, type IncidentSummary } from './managed/incident.ts';
export { restoreAuthority } from './managed/restore-authority.ts';
export type { ContradictionCounts, ScopeCounts } from './snapshot/contradiction-counts.ts';
export {
  createSnapshot,
  type CreatedSnapshot,
  type CreateSnapshotOptions,
} from './snapshot/create-snapshot.ts';
export {
  exportFacts,
  type EntityFacts,
  type ExportFactsOptions,
  type FactExport,
  type Scope,
} from './snapshot/export-facts.ts';
export type { Fact } from './snapshot/fact-answer.ts';
export { factsMarkdown, type FactsMarkdown, type MarkdownOptions } from './snapshot/facts-markdown.ts';
export { listSnapshots, type ListedFile, type ListSnapshotsOptions } from './snapshot/list-snapshots.ts';
export {
  restoreSnapshot,
  type RestoredSnapshot,
  type RestoreSnapshotOptions,
} from './snapshot/restore-snapshot.ts';
export { Snapshot, type SnapshotSettings, type VerifiedSnapshot } from './snapshot/snapshot.ts';
export type { Trust, TrustVerdict } from './snapshot/trust.ts';
export { verifySnapshot, type VerifySnapshotOptions } from './snapshot/verify-snapshot.ts';
export { backUpDatabase, type BackUpSettings, type DatabaseBackup } from './sqlite/back-up-database.ts';
export { replaceDatabase, type ReplacedDatabase, type ReplaceSettings } from './sqlite/replace-database.ts';
export { findDamage, type Damage, type DamageKind, type DamageReport } from './stash/damage.ts';
export { parseDocument } from './stash/document.ts';
export { openStash, parseEnvelope, sealStash, type SealedStash, type StashLabel } from './stash/envelope.ts';
export { fetchStash, type FetchedStash, type FetchStashOptions } from './stash/fetch-stash.ts';
export { assertOwnNara, meetNara, type MetNara } from './stash/own-nara.ts';
export { StashClient, type StashAnswer, type StashClientOptions } from './stash/stash-client.ts';
export type { HeldStash, StashStatus } from './stash/stash-status.ts';
export { compareStashes, storeStash, type StoredStash } from './stash/store-stash.ts';
export {
  DEFAULT_WALK_BOUNDS,
  walkPeer,
  type Introduce,
  type Walk,
  type WalkBounds,
  type WalkOptions,
} from './sync/walk-peer.ts';
export {
  DEFAULT_SURVEY_BOUNDS,
  surveyPeer,
  type PeerSurvey,
  type SurveyOptions,
} from './sync/survey-peer.ts';
export { judgeSurveys, surveyPeers } from './sync/survey-peers.ts';
export { walkState, type Flaw, type WalkReport, type WalkState } from './sync/walk-report.ts';
