/** What SQLite keeps in a column. */
type Value = Uint8Array | number | string | bigint | null;

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, Value>>;

/** A prepared statement. All methods throw what `resultCode` reads. */
export interface Statement {
  run(...values: Value[]): { readonly changes: number | bigint };
  /** The first row; undefined or null if there is none. */
  get(...values: Value[]): Row | null | undefined;
  all(...values: Value[]): readonly Row[];
  iterate(...values: Value[]): Iterable<Row>;
}

/** A connection to a SQLite database. The packages for Node.js and for Bun have this much in common. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

/** Opens a database, in Node.js and in Bun. Throws what `resultCode` reads. */
export async function openDatabase(file: string): Promise<Database> {
  if (process.versions['bun'] !== undefined) {
    const { Database: BunDatabase } = await import('bun:sqlite');
    return new BunDatabase(file);
  }
  const { DatabaseSync } = await import('@photostructure/sqlite');
  return new DatabaseSync(file);
}

/**
 * Writes the log into the database, syncs it, gives up its locks, and closes it. Statements keep a database open until
 * they are collected, so that locks would stay until then. Throws what `resultCode` reads.
 */
export function closeDatabase(database: Database): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    database.exec('PRAGMA locking_mode = NORMAL');
    // The mode is changed by the next use of the database (https://sqlite.org/pragma.html#pragma_locking_mode).
    database.exec('SELECT count(*) FROM sqlite_schema');
  } finally {
    database.close();
  }
}

/** SQLite's primary result codes that say something to an operator (https://sqlite.org/rescode.html). */
export const resultCodes = {
  busy: 5,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notDatabase: 26,
} as const;

/** The primary result code of an error that SQLite gave; undefined for any other. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // Node.js has it as `errcode`, Bun as `errno`. The low byte of an extended code is the primary one.
  const code = 'errcode' in error ? error.errcode : 'errno' in error ? error.errno : undefined;
  return typeof code === 'number' && code > 0 ? code & 0xff : undefined;
}
