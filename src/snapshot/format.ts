/** Names within a snapshot. Source: "Stigmem's signed snapshot, version 1". */
export const MANIFEST_NAME = 'manifest.json';
export const ARTIFACTS_FOLDER = 'artifacts';
export const DATABASE_NAME = 'artifacts/stigmem.db';
export const CURSOR_NAME = 'artifacts/schema_migration_cursor.json';

export const ARTIFACT_NAMES = [DATABASE_NAME, CURSOR_NAME] as const;
export type ArtifactName = (typeof ARTIFACT_NAMES)[number];

export const FILE_NAMES = [MANIFEST_NAME, ...ARTIFACT_NAMES] as const;
export type FileName = (typeof FILE_NAMES)[number];

/** How the node names the file: `stigmem-snapshot-20261121T001551Z-4595a24c6657.tar.gz`. */
export const SNAPSHOT_PREFIX = 'stigmem-snapshot-';

/** What can be hundreds of bytes in truth is not read where it is more than this. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
export const MAX_CURSOR_BYTES = 1024 * 1024;
