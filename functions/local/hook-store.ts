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
  next: number;
  bytes: number;
}

/**
 * The hooks that wait for their turn, in order, socket by socket. They are in the store, and only their sizes are in
 * memory.
 */
export class HookStore {
  readonly #store: Store;
  readonly #room: typeof usualRoom;
  readonly #lines = new Map<SocketId, Line>();
  #bytes = 0;

  constructor(store: Store, room: typeof usualRoom = usualRoom) {
    this.#store = store;
    this.#room = room;
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
  first(socket: SocketId): StoredHook | undefined {
    const first = this.#lines.get(socket)?.waiting[0];
    if (first === undefined) return undefined;
    if (first.unstored !== undefined) return first.unstored;
    const value = this.#store.get(hookKey(socket, first.place));
    return value && readHook(value);
  }

  /**
   * Adds a hook behind the others of its socket. `full`: there is no room for it. Rejects if the disk fails. It waits
   * from the moment of the call.
   */
  async append(hook: StoredHook): Promise<'kept' | 'full'> {
    const value = write(hook);
    const line = this.#lines.get(hook.socket);
    const bytes = value.length + fixedBytes;
    if ((line?.bytes ?? 0) + bytes > this.#room.each || this.#bytes + bytes > this.#room.all) return 'full';
    const place = line?.next ?? 0;
    const waiting = this.#add(hook.socket, place, bytes, hook);
    const written = await this.#write({ key: hookKey(hook.socket, place), value });
    waiting.unstored = undefined;
    if (!written.ok) this.#drop(hook.socket, waiting);
    return keptIf(written);
  }

  /** Puts a hook in place of the first one of its socket. If there is no room, the first one stays as it was. */
  async replaceFirst(hook: StoredHook): Promise<'kept' | 'full'> {
    const line = this.#lines.get(hook.socket);
    const first = line?.waiting[0];
    if (line === undefined || first === undefined) return this.append(hook);
    const value = write(hook);
    const bytes = value.length + fixedBytes;
    this.#grow(line, bytes - first.bytes);
    first.bytes = bytes;
    return keptIf(await this.#write({ key: hookKey(hook.socket, first.place), value }));
  }

  /** Removes the first hook of a socket. Rejects if the disk fails: after a restart, that hook is there again. */
  async removeFirst(socket: SocketId): Promise<void> {
    const first = this.#lines.get(socket)?.waiting[0];
    if (first === undefined) return;
    this.#drop(socket, first);
    const removed = await this.#write({ key: hookKey(socket, first.place), value: undefined });
    if (!removed.ok) throw new Error(removed.error.why);
  }

  #add(socket: SocketId, place: number, bytes: number, unstored?: StoredHook): Waiting {
    const line = this.#lines.get(socket) ?? { waiting: [], next: 0, bytes: 0 };
    const added = { place, bytes, unstored };
    line.waiting.push(added);
    line.next = place + 1;
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
