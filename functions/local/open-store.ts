import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, keepOutOfGit, makeFolder } from './folder.ts';
import { type Database, findSqlite, type OpenDatabase, resultCode, resultCodes, unlock } from './sqlite.ts';
import { cutCommits } from './sqlite-log.ts';
import { blob, type CheckedDatabase, checksumOf, number, SqliteStore, type Sync } from './sqlite-store.ts';

/**
 * A store of a higher version was written by a newer Sockethook. Version 1 had records of few sockets, under other
 * keys.
 */
const version = 2;
/** "SkHk": marks a SQLite database as ours (https://sqlite.org/fileformat2.html, section 1.3.15). */
const applicationId = 0x536b486b;
/** How often a store that another process holds is tried again, and the least pause between, in milliseconds. */
const busy = { retries: 5, pauseMs: 70 };

/**
 * Opens the store in a folder, `store.db`, and makes it if there is none. It is locked as long as this process lives.
 * Throws an error that says what to do if it can't be written, is damaged, in use, or of a newer version. Then it is
 * left as it is.
 */
export async function openStore(folder: string, sync?: Sync): Promise<SqliteStore> {
  const store = await openStoreIfAble(folder, sync);
  if (store === undefined) throw new Error(noSqlite);
  return store;
}

/** Says what to do where this process has no SQLite. */
export const noSqlite =
  'A store needs Node.js 22.13 or later, or npm install @photostructure/sqlite beside this package.';

/** As `openStore`, but resolves to undefined where this process has no SQLite. */
export async function openStoreIfAble(folder: string, sync?: Sync): Promise<SqliteStore | undefined> {
  const openDatabase = await findSqlite();
  if (openDatabase === undefined) return undefined;
  const file = join(folder, 'store.db');
  for (let retries = 0; ; retries++) {
    try {
      return new SqliteStore(openChecked(folder, file, openDatabase), sync);
    } catch (cause) {
      if (resultCode(cause) !== resultCodes.busy || retries === busy.retries)
        throw new Error(adviceOn(cause, folder, file), { cause });
    }
    // Of two that start at once, each may find the other in its way. They must not meet again.
    await sleep(busy.pauseMs * (1 + Math.random()));
  }
}

function openChecked(folder: string, file: string, openDatabase: OpenDatabase): CheckedDatabase {
  makeFolder(folder);
  keepOutOfGit(folder);
  makeFile(file);
  const database = openDatabase(file);
  try {
    lock(database);
    const cut = cutCommits(readLog(file));
    const size = isNew(database) ? { records: 0, bytes: 0 } : check(database);
    begin(database);
    return { database, log: openSync(`${file}-wal`, 'r+'), cut, ...size };
  } catch (error) {
    abandon(database);
    throw error;
  }
}

/**
 * Closes the store and writes nothing. Where another process has left a log, the locks stay until the statements are
 * collected, or this process ends.
 */
function abandon(database: Database): void {
  try {
    unlock(database);
  } catch {
    // The error that made the start fail says more.
  } finally {
    database.close();
  }
}

/** SQLite gives the files beside it the same mode. */
function makeFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    // To close a descriptor of a database that is open in this process would end its locks, so it must be a new file.
    if (codeOf(cause) !== 'EEXIST') throw cause;
  }
}

/** Locks of the system, which end with the process, whatever ends it. */
function lock(database: Database): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('BEGIN IMMEDIATE');
  database.exec('COMMIT');
}

function readLog(file: string): Buffer {
  try {
    return readFileSync(`${file}-wal`);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    return Buffer.alloc(0);
  }
}

class Unusable extends Error {}

function isNew(database: Database): boolean {
  const tables = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() ?? {};
  return number(tables, 'tables') === 0 && pragma(database, 'application_id') === 0;
}

/** Only reads, so that a store that can't be used is left as it is. Returns its size. */
function check(database: Database): Pick<CheckedDatabase, 'records' | 'bytes'> {
  if (pragma(database, 'application_id') !== applicationId)
    throw new Unusable('it is not a store of Sockethook');
  const found = pragma(database, 'user_version');
  if (found > version)
    throw new Unusable(`a newer Sockethook wrote it (version ${found}, this one reads up to ${version})`);
  checkPages(database);
  return checkRecords(database);
}

function pragma(database: Database, name: string): number {
  return number(database.prepare(`PRAGMA ${name}`).get() ?? {}, name);
}

class Damaged extends Error {}

function checkPages(database: Database): void {
  database.exec('PRAGMA cell_size_check = ON');
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw new Damaged(String(found));
}

/** Begins the log, and writes to it, so that a disk that is full or can't be written shows now. */
function begin(database: Database): void {
  // A commit goes to the log, which is synced before it is written into the database (https://sqlite.org/wal.html).
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('PRAGMA cache_size = -512');
  database.exec('PRAGMA checkpoint_fullfsync = ON');
  database.exec('BEGIN IMMEDIATE');
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID, STRICT',
  );
  database.exec(`PRAGMA application_id = ${applicationId}`);
  database.exec(`PRAGMA user_version = ${version}`);
  database.exec('COMMIT');
  // Syncs the folder too, so that a power cut cannot take the name of a new log away.
  database.exec('PRAGMA wal_checkpoint');
}

function checkRecords(database: Database): Pick<CheckedDatabase, 'records' | 'bytes'> {
  let [records, bytes] = [0, 0];
  for (const row of database.prepare('SELECT key, value, checksum FROM records').iterate()) {
    const [key, value] = [blob(row, 'key'), blob(row, 'value')];
    if (checksumOf(key, value) !== number(row, 'checksum')) throw new Damaged('a record has changed');
    records += 1;
    bytes += key.length + value.length;
  }
  return { records, bytes };
}

function adviceOn(cause: unknown, folder: string, file: string): string {
  const code = resultCode(cause);
  const elsewhere = 'set SOCKETHOOK_DIR to a separate folder';
  if (code === resultCodes.busy)
    return `${file} is in use by another gateway: stop that one, or ${elsewhere}.`;
  if (cause instanceof Unusable) return `${file} cannot be used, since ${cause.message}: ${elsewhere}.`;
  if (code === resultCodes.full) return `${file} cannot be written, since the disk is full: free some space.`;
  if (isDamage(cause, code))
    return `${file} is damaged: put back a copy of it, or move it away, which gives up the hooks that wait in it. Nothing has been deleted.`;
  const advice = 'set SOCKETHOOK_DIR to a folder that this user can write to';
  return `The store cannot be kept in ${folder} (${reasonOf(cause)}): ${advice}.`;
}

function isDamage(cause: unknown, code: number | undefined): boolean {
  return cause instanceof Damaged || code === resultCodes.corrupt || code === resultCodes.notDatabase;
}

function reasonOf(cause: unknown): string {
  if (resultCode(cause) !== undefined && cause instanceof Error) return cause.message;
  return codeOf(cause);
}
