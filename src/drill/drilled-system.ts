/** What a drill needs to know of the system whose backups it tries. */
export interface DrilledSystem {
  readonly name: 'genesis' | 'stigmem';
  /** Environment variables that make its server use this database. */
  environment(dbPath: string): Readonly<Record<string, string>>;
  /** Backs the database up into the folder. Called first, once. */
  backUp(dbPath: string, folder: string): Promise<DrilledBackup>;
  /** Restores a backup to where a database may be or not; what is there is kept as `asidePath`. Called twice. */
  restore(backup: DrilledBackup, dbPath: string, asidePath: string | undefined): Promise<void>;
}

export interface DrilledBackup {
  /** In the folder. */
  readonly file: string;
  readonly bytes: number;
  /** Of the database that it holds. Hex. */
  readonly databaseSha256: string;
}
