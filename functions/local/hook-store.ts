import type { SocketId } from '../wire/socket-id.ts';
import type { Change, Store } from './store.ts';
import { readHook, type StoredHook, write } from './stored.ts';
import { after, hookKey, keysOf, readHookKey } from './stored-keys.ts';

/** How many bytes the hooks of one socket may take, and those of all. */
const usualRoom = { each: 16 * 1_048_576, all: 256 * 1_048_576 };

/** The bytes that count for each hook besides its value: what it takes in memory, and in the store. */
const fixedBytes = 256;

/** How many hooks are read at a time, at the start. Each may have 128 KiB. */
const loadedAtOnce = 100;

/** A hook that waits. */
interface Waiting {
  readonly place: number;
  bytes: number;
  /** Until it is stored. */
  unstored: StoredHook | undefined;
}

/** The hooks of one socket, in order. */
interface Line {
  readonly waiting: Waiting[];
  bytes: number;
}

/** The place of the first hook of a socket, so that others fit before it. */
const middle = 36 ** 5;

/** The first hook of a socket. */
export interface FirstHook {
  readonly hook: StoredHook;
  /** Names it, also among those that follow. */
  readonly place: number;
}

/**
 * The hooks that wait for their turn, in order, socket by socket. They are in the store, and only their sizes are in
 * memory.
 */
export class HookStore {
  /** How many hooks are done that waited, whatever has come of them. */
  done = 0;
  readonly #store: Store;
  readonly #room: typeof usualRoom;
  readonly #lines = new Map<SocketId, Line>();
  #bytes = 0;

  constructor(store: Store, room: typeof usualRoom = usualRoom) {
    this.#store = store;
    this.#room = room;
  }

  /** How many hooks wait. It counts them, so it is not for hot paths. */
  get size(): number {
    let size = 0;
    for (const { waiting } of this.#lines.values()) size += waiting.length;
    return size;
  }

  /** How many bytes they take in the store. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads which hooks wait. Call it once, before anything else. Throws if the store holds what it never wrote. */
  load(): void {
    const [start, before] = keysOf('hook');
    for (let from = start; ; ) {
      const found = this.#store.range(from, before, loadedAtOnce);
      for (const { key, value } of found) {
        const { socket, place } = readHookKey(key);
        this.#add(socket, place, value.length + fixedBytes);
      }
      const last = found.at(-1);
      if (last === undefined) return;
      from = after(last.key);
    }
  }

  /** The sockets whose hooks wait. */
  get sockets(): readonly SocketId[] {
    return [...this.#lines.keys()];
  }

  /** Whether hooks of a socket wait. */
  has(socket: SocketId): boolean {
    return this.#lines.has(socket);
  }

  /** The first hook of a socket that waits. Throws if the store holds what it never wrote. */
  first(socket: SocketId): FirstHook | undefined {
    const first = this.#lines.get(socket)?.waiting[0];
    if (first === undefined) return undefined;
    const { place, unstored } = first;
    if (unstored !== undefined) return { hook: unstored, place };
    const value = this.#store.get(hookKey(socket, place));
    return value && { hook: readHook(value), place };
  }

  /** The place of the first hook of a socket, even if it can't be read. */
  firstPlace(socket: SocketId): number | undefined {
    return this.#lines.get(socket)?.waiting[0]?.place;
  }

  /**
   * Adds a hook behind the others of its socket. `full`: there is no room for it. Rejects if the disk fails. It waits
   * from the moment of the call.
   */
  append(hook: StoredHook): Promise<'kept' | 'full'> {
    const last = this.#lines.get(hook.socket)?.waiting.at(-1)?.place ?? middle;
    return this.#put(hook, last + 1);
  }

  /** The same before the others. */
  prepend(hook: StoredHook): Promise<'kept' | 'full'> {
    return this.#put(hook, (this.firstPlace(hook.socket) ?? middle + 2) - 1);
  }

  async #put(hook: StoredHook, place: number): Promise<'kept' | 'full'> {
    const value = write(hook);
    const line = this.#lines.get(hook.socket);
    const bytes = value.length + fixedBytes;
    if ((line?.bytes ?? 0) + bytes > this.#room.each || this.#bytes + bytes > this.#room.all) return 'full';
    const waiting = this.#add(hook.socket, place, bytes, hook);
    const written = await this.#write({ key: hookKey(hook.socket, place), value });
    waiting.unstored = undefined;
    if (!written.ok) this.#drop(hook.socket, waiting);
    return keptIf(written);
  }

  /**
   * Puts a hook in place of the first one of its socket, if that is the one at `place`, else before it. If there is no
   * room, the first one stays as it was.
   */
  async replaceFirst(hook: StoredHook, place: number): Promise<'kept' | 'full'> {
    const line = this.#lines.get(hook.socket);
    const first = line?.waiting[0];
    if (line === undefined || first?.place !== place) return this.prepend(hook);
    const value = write(hook);
    const bytes = value.length + fixedBytes;
    this.#grow(line, bytes - first.bytes);
    first.bytes = bytes;
    return keptIf(await this.#write({ key: hookKey(hook.socket, first.place), value }));
  }

  /**
   * Removes the first hook of a socket, if it is the one at `place`. Rejects if the disk fails: after a restart, that
   * hook is there again.
   */
  async removeFirst(socket: SocketId, place: number): Promise<void> {
    const first = this.#lines.get(socket)?.waiting[0];
    if (first?.place !== place) return;
    this.#drop(socket, first);
    this.done += 1;
    const removed = await this.#write({ key: hookKey(socket, first.place), value: undefined });
    if (!removed.ok) throw new Error(removed.error.why);
  }

  #add(socket: SocketId, place: number, bytes: number, unstored?: StoredHook): Waiting {
    const line = this.#lines.get(socket) ?? { waiting: [], bytes: 0 };
    const added = { place, bytes, unstored };
    if (place < (line.waiting[0]?.place ?? 0)) line.waiting.unshift(added);
    else line.waiting.push(added);
    this.#grow(line, bytes);
    this.#lines.set(socket, line);
    return added;
  }

  #drop(socket: SocketId, dropped: Waiting): void {
    const line = this.#lines.get(socket);
    const at = line?.waiting.indexOf(dropped) ?? -1;
    if (line === undefined || at < 0) return;
    line.waiting.splice(at, 1);
    this.#grow(line, -dropped.bytes);
    if (line.waiting.length === 0) this.#lines.delete(socket);
  }

  #grow(line: Line, bytes: number): void {
    line.bytes += bytes;
    this.#bytes += bytes;
  }

  #write(change: Change): ReturnType<Store['write']> {
    return this.#store.write([change]);
  }
}

function keptIf(written: Awaited<ReturnType<Store['write']>>): 'kept' | 'full' {
  if (written.ok) return 'kept';
  if (written.error.code === 'full') return 'full';
  throw new Error(written.error.why);
}
