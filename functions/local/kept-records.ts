import type { SocketRecord } from '../gateway/record.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { Store } from './store.ts';
import { readRecord, write } from './stored.ts';
import { after, keysOf, recordKey } from './stored-keys.ts';

/** Hears of every change of a record. */
export interface RecordListener {
  changed(record: SocketRecord): void;
  removed(socket: SocketId): void;
  /** The closed hook of a socket could not be posted, and is posted later. */
  postponed(record: SocketRecord): void;
}

/**
 * The records of the sockets that have hooks which wait, in the store. The hooks of the others are posted at once, and
 * need no record that survives the process.
 */
export class KeptRecords implements RecordListener {
  readonly #store: Store;
  readonly #failed: (socket: SocketId, why: string) => void;
  readonly #kept = new Set<SocketId>();

  /** `failed` is called if a record can't be stored, or not be removed: what the store says may be out of date. */
  constructor(store: Store, failed: (socket: SocketId, why: string) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** The records that a process before this one kept. Throws if the store holds what it never wrote. */
  load(): readonly SocketRecord[] {
    const records: SocketRecord[] = [];
    const [start, before] = keysOf('record');
    for (let from = start; ; ) {
      const found = this.#store.range(from, before, 1_000);
      for (const { value } of found) records.push(readRecord(value));
      const last = found.at(-1);
      if (last === undefined) break;
      from = after(last.key);
    }
    for (const { socket } of records) this.#kept.add(socket);
    return records;
  }

  /** Keeps a record, and each of its changes from now on. Resolves with whether it is stored. */
  keep(record: SocketRecord): Promise<boolean> {
    this.#kept.add(record.socket);
    return this.#write(record.socket, record);
  }

  /** Keeps the record of a socket no longer. */
  release(socket: SocketId): void {
    if (this.#kept.delete(socket)) void this.#write(socket, undefined);
  }

  changed(record: SocketRecord): void {
    if (this.#kept.has(record.socket)) void this.#write(record.socket, record);
  }

  postponed(record: SocketRecord): void {
    void this.keep(record);
  }

  removed(socket: SocketId): void {
    this.release(socket);
  }

  async #write(socket: SocketId, record: SocketRecord | undefined): Promise<boolean> {
    const change = { key: recordKey(socket), value: record && write(record) };
    const written = await this.#store.write([change]);
    if (!written.ok) this.#failed(socket, written.error.why);
    return written.ok;
  }
}
