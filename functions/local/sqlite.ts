import { isBuiltin } from 'node:module';

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

/** Opens a database file. Throws what `resultCode` reads. */
export type OpenDatabase = (file: string) => Database;

/**
 * The SQLite that this process can use: the one of its runtime (Bun, or Node.js 22.13 and later), or else the package
 * for Node.js 20, if that is installed. Undefined if there is none. Throws if the package is there and can't be loaded.
 */
export async function findSqlite(): Promise<OpenDatabase | undefined> {
  if (process.versions['bun'] !== undefined) {
    const { Database: BunDatabase } = await import('bun:sqlite');
    return (file) => new BunDatabase(file);
  }
  const sqlite = isBuiltin('node:sqlite') ? await quietly(() => import('node:sqlite')) : await packaged();
  return sqlite && ((file) => new sqlite.DatabaseSync(file));
}

/** Undefined if it is not installed, as it is optional: it has the binaries of all platforms, which are 29 MB. */
async function packaged(): Promise<{ readonly DatabaseSync: new (file: string) => Database } | undefined> {
  try {
    return await import('@photostructure/sqlite');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (isMissing && error.message.includes("'@photostructure/sqlite'")) return undefined;
    throw error;
  }
}

/** Node.js warns of its SQLite when it is loaded. The store uses what all versions of it have. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const emit = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...rest: readonly unknown[]): void => {
    if (rest[0] === 'ExperimentalWarning' && String(warning).startsWith('SQLite ')) return;
    Reflect.apply(emit, process, [warning, ...rest]);
  };
  try {
    return await load();
  } finally {
    process.emitWarning = emit;
  }
}

/** Writes the log into the database, syncs it, gives up its locks, and closes it. Throws what `resultCode` reads. */
export function closeDatabase(database: Database): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    unlock(database);
  } finally {
    database.close();
  }
}

/**
 * Gives up the locks of a database that has no log. Its statements keep it open until they are collected, and its locks
 * would stay until then. Throws what `resultCode` reads.
 */
export function unlock(database: Database): void {
  database.exec('PRAGMA locking_mode = NORMAL');
  // The mode is changed by the next use of the database (https://sqlite.org/pragma.html#pragma_locking_mode).
  database.exec('SELECT count(*) FROM sqlite_schema');
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
