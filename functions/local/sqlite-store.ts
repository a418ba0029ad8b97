import { closeSync, fdatasync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { err, ok } from '../wire/result.ts';
import { closeDatabase, type Database, type Row, resultCode, resultCodes, type Statement } from './sqlite.ts';
import type { Change, Refusal, Store, Stored } from './store.ts';
import { StoreWrites, type Written } from './store-writes.ts';

/** How long after a commit the disk is told to keep it, in milliseconds. It has as long again to do so. */
const syncAfterMs = 50;

/** Makes what was written to a file survive a power cut. */
export type Sync = (descriptor: number) => Promise<void>;

/** An open database of the store, checked, and locked for this process. */
export interface CheckedDatabase {
  readonly database: Database;
  /** A descriptor of the database's log. The store closes it. */
  readonly log: number;
  /** Commits in the log that could not be read. */
  readonly cut: number;
  readonly records: number;
  readonly bytes: number;
}

/** A store in a SQLite database, which `openStore` opens. */
export class SqliteStore implements Store {
  /**
   * How many commits the start found at the end of SQLite's log but could not read, after a power cut or if the log is
   * damaged. They are lost, which the caller must tell the operator.
   */
  readonly cutCommits: number;
  readonly #database: Database;
  readonly #log: number;
  readonly #sync: Sync;
  readonly #statements: Statements;
  readonly #writes = new StoreWrites((writes) => this.#commit(writes));
  readonly #size: Size;
  #syncing: NodeJS.Timeout | undefined;
  #lastSync: Promise<void> = Promise.resolve();
  /** Why nothing can be stored any more. */
  #fault: Refusal | undefined;

  constructor({ database, log, cut, records, bytes }: CheckedDatabase, sync: Sync = syncData) {
    this.cutCommits = cut;
    this.#database = database;
    this.#log = log;
    this.#sync = sync;
    this.#statements = prepare(database);
    this.#size = { records, bytes };
  }

  get records(): number {
    return this.#size.records;
  }

  get bytes(): number {
    return this.#size.bytes;
  }

  write(changes: readonly Change[]): Promise<Written> {
    return this.#writes.add(changes);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#statements.get.get(key);
    return row ? blob(row, 'value') : undefined;
  }

  range(from: Uint8Array, before: Uint8Array, limit: number): readonly Stored[] {
    const rows = this.#statements.range.all(from, before, limit);
    return rows.map((row) => ({ key: blob(row, 'key'), value: blob(row, 'value') }));
  }

  async close(): Promise<void> {
    if (this.#fault === closed) return;
    this.#writes.close();
    this.#fault = closed;
    clearTimeout(this.#syncing);
    await this.#lastSync;
    closeSync(this.#log);
    try {
      closeDatabase(this.#database);
    } catch {
      // A disk without room: what was committed is in the log, where the next start finds it.
    }
  }

  #commit(writes: readonly (readonly Change[])[]): Written {
    if (this.#fault !== undefined) return err(this.#fault);
    const { begin, commit } = this.#statements;
    const before = { ...this.#size };
    try {
      begin.run();
      for (const changes of writes) for (const change of changes) this.#change(change);
      commit.run();
    } catch (error) {
      Object.assign(this.#size, before);
      this.#rollBack();
      return err(refusalOf(error));
    }
    this.#syncing ??= setTimeout(() => this.#startSync(), syncAfterMs);
    return ok(undefined);
  }

  #change({ key, value }: Change): void {
    const { insert, update, size, remove } = this.#statements;
    if (value === undefined) {
      const row = remove.get(key);
      if (row) this.#grow(-1, -key.length - number(row, 'bytes'));
      return;
    }
    const checksum = checksumOf(key, value);
    // Most keys are new, and then this is the only statement.
    if (Number(insert.run(key, value, checksum).changes) > 0) {
      this.#grow(1, key.length + value.length);
      return;
    }
    const row = size.get(key);
    update.run(value, checksum, key);
    this.#grow(0, value.length - (row ? number(row, 'bytes') : 0));
  }

  #grow(records: number, bytes: number): void {
    this.#size.records += records;
    this.#size.bytes += bytes;
  }

  #rollBack(): void {
    try {
      this.#statements.rollback.run();
    } catch {
      // SQLite has rolled back by itself (https://sqlite.org/lang_transaction.html, section 3).
    }
  }

  #startSync(): void {
    this.#syncing = undefined;
    const before = this.#lastSync;
    this.#lastSync = before.then(() => this.#sync(this.#log)).catch((error: unknown) => this.#fail(error));
  }

  /** What the system could not write it may have dropped, so that later syncs would succeed without it. */
  #fail(error: unknown): void {
    this.#fault ??= { code: 'failed', why: `The disk cannot keep the store: ${textOf(error)}` };
  }
}

const closed: Refusal = { code: 'failed', why: 'The store is closed.' };

interface Size {
  records: number;
  bytes: number;
}

type Statements = Readonly<
  Record<
    'begin' | 'commit' | 'rollback' | 'insert' | 'update' | 'size' | 'remove' | 'get' | 'range',
    Statement
  >
>;

/** A parameter that is bytes. Node.js 22 binds none of them as NULL, and `OR IGNORE` would drop such a record silently. */
const bytes = "ifnull(?, x'')";

function prepare(database: Database): Statements {
  const which = `WHERE key = ${bytes}`;
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    insert: database.prepare(
      `INSERT OR IGNORE INTO records (key, value, checksum) VALUES (${bytes}, ${bytes}, ?)`,
    ),
    update: database.prepare(`UPDATE records SET value = ${bytes}, checksum = ? ${which}`),
    size: database.prepare(`SELECT length(value) AS bytes FROM records ${which}`),
    remove: database.prepare(`DELETE FROM records ${which} RETURNING length(value) AS bytes`),
    get: database.prepare(`SELECT value FROM records ${which}`),
    range: database.prepare(
      `SELECT key, value FROM records WHERE key >= ${bytes} AND key < ${bytes} ORDER BY key LIMIT ?`,
    ),
  };
}

/** The checksum of a record. SQLite has none of its own, so it would not notice a value that the disk changed. */
export function checksumOf(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

/** The bytes in a column. Throws if there are none. */
export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new Error(`The column ${column} holds no bytes.`);
  return value;
}

/** The number in a column. Throws if there is none. */
export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new Error(`The column ${column} holds no number.`);
  return value;
}

function refusalOf(error: unknown): Refusal {
  const isFull = resultCode(error) === resultCodes.full;
  if (isFull) return { code: 'full', why: 'The disk of the store is full.' };
  return { code: 'failed', why: `The store cannot be written: ${textOf(error)}.` };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fdatasync(descriptor, (error) => (error ? reject(error) : resolve())),
  );
}
