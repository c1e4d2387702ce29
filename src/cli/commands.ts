import type { CommandModule } from './command-module.ts';

type Load = () => Promise<CommandModule>;

/** Every command by its name, in the order of the help. Each brings much with it, so only the wanted one is loaded. */
export const COMMANDS = new Map<string, Load>([
  ['dump-events', async () => (await import('./commands/dump-events.ts')).dumpEvents],
  ['restore-events', async () => (await import('./commands/restore-events.ts')).restoreEvents],
  ['dump-stash', async () => (await import('./commands/dump-stash.ts')).dumpStash],
  ['restore-stash', async () => (await import('./commands/restore-stash.ts')).restoreStash],
  ['verify', async () => (await import('./commands/verify.ts')).verifyCommand],
  ['stats', async () => (await import('./commands/stats.ts')).stats],
  ['select', async () => (await import('./commands/select.ts')).select],
  ['compact', async () => (await import('./commands/compact.ts')).compactBackups],
  ['diff', async () => (await import('./commands/diff.ts')).diffBackups],
  ['snapshot create', async () => (await import('./commands/snapshot-create.ts')).snapshotCreate],
  ['snapshot list', async () => (await import('./commands/snapshot-list.ts')).snapshotList],
  ['snapshot restore', async () => (await import('./commands/snapshot-restore.ts')).snapshotRestore],
  ['snapshot verify', async () => (await import('./commands/snapshot-verify.ts')).snapshotVerify],
  ['snapshot keygen', async () => (await import('./commands/snapshot-keygen.ts')).snapshotKeygen],
  [
    'snapshot trusted-keys',
    async () => (await import('./commands/snapshot-trusted-keys.ts')).snapshotTrustedKeys,
  ],
  ['snapshot export-markdown', async () => (await import('./commands/snapshot-export.ts')).snapshotExport],
  ['managed backup', async () => (await import('./commands/managed-backup.ts')).managedBackup],
  ['managed restore', async () => (await import('./commands/managed-restore.ts')).managedRestore],
  [
    'managed audit-export',
    async () => (await import('./commands/managed-audit-export.ts')).managedAuditExport,
  ],
  ['managed drill', async () => (await import('./commands/managed-drill.ts')).managedDrill],
  ['managed incident', async () => (await import('./commands/managed-incident.ts')).managedIncident],
  ['managed verify', async () => (await import('./commands/managed-verify.ts')).managedVerify],
  ['managed check', async () => (await import('./commands/managed-check.ts')).managedCheck],
  ['prune', async () => (await import('./commands/prune.ts')).prune],
  ['schedule', async () => (await import('./commands/schedule.ts')).schedule],
  ['peers', async () => (await import('./commands/peers.ts')).peers],
  ['doctor', async () => (await import('./commands/doctor.ts')).doctor],
  ['demo', async () => (await import('./commands/demo.ts')).demo],
  ['sandbox', async () => (await import('./commands/sandbox.ts')).sandbox],
  ['exit-codes', async () => (await import('./commands/exit-codes.ts')).exitCodes],
]);

/** What the commands of two words are about, by the first word. */
export const GROUPS = new Map([
  ['snapshot', 'signed snapshots of a Stigmem node'],
  ['managed', 'backups, drills and evidence of a Genesis Mesh authority'],
]);

/** The command that the words begin with; all of them where there is none, to say what there is. */
export async function loadCommands(
  commands: ReadonlyMap<string, Load>,
  [first = '', second = '']: readonly string[],
): Promise<CommandModule[]> {
  const wanted = commands.get(first) ?? commands.get(`${first} ${second}`);
  return Promise.all((wanted === undefined ? [...commands.values()] : [wanted]).map((load) => load()));
}
