import type { SocketRecord, SocketStatus } from '../../gateway/record.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { MemoryRegistry } from '../memory-registry.ts';

/** A socket as the page lists it. */
export interface ShownSocket {
  readonly socket: SocketId;
  readonly path: string;
  readonly user: string;
  readonly groups: readonly string[];
  /** When it was opened, in milliseconds since 1970. */
  readonly since: number;
  readonly status: SocketStatus;
}

/** A socket that has gone; `code` is null if its handshake was refused. */
export interface EndedSocket {
  readonly socket: SocketId;
  readonly code: number | null;
  readonly reason: string;
}

/** The most sockets that are shown. */
export const maxShown = 1_000;

/** How often more sockets are looked for when shown ones have gone, in milliseconds. */
export const refillMs = 1_000;

/** Hears what changes about the sockets that are shown. */
export interface SocketsListener {
  changed(socket: SocketId): void;
  ended(ended: EndedSocket): void;
}

/** The sockets that the page shows: at most 1,000 of those that the registry has. */
export class ShownSockets {
  readonly #shown = new Set<SocketId>();
  readonly #listener: SocketsListener;
  #refilledAt = Number.NEGATIVE_INFINITY;

  constructor(listener: SocketsListener) {
    this.#listener = listener;
  }

  added(socket: SocketId): void {
    if (this.#shown.size >= maxShown) return;
    this.#shown.add(socket);
    this.#listener.changed(socket);
  }

  changed(socket: SocketId): void {
    if (this.#shown.has(socket)) this.#listener.changed(socket);
  }

  removed({ socket, end }: SocketRecord): void {
    if (this.#shown.delete(socket))
      this.#listener.ended({ socket, code: end?.code ?? null, reason: end?.reason ?? '' });
  }

  all(): Iterable<SocketId> {
    return this.#shown;
  }

  /** How many sockets the registry has that are not shown. */
  more({ size }: Pick<MemoryRegistry, 'size'>): number {
    return size - this.#shown.size;
  }

  /** Whether there are others that could be shown. */
  isShort(registry: Pick<MemoryRegistry, 'size'>): boolean {
    return this.#shown.size < maxShown && this.more(registry) > 0;
  }

  /** Shows others in place of those that have gone. It reads the whole registry, so it does that once a second at most. */
  async refill(registry: MemoryRegistry, now: number): Promise<void> {
    if (!this.isShort(registry) || now - this.#refilledAt < refillMs) return;
    this.#refilledAt = now;
    for await (const records of registry.survey()) {
      for (const { socket } of records)
        if (!this.#shown.has(socket) && registry.get(socket) !== undefined) this.added(socket);
      if (this.#shown.size >= maxShown) return;
    }
  }
}

/** A socket as the page lists it, from its record. */
export function shownSocket({ socket, path, user, groups, openedAt, status }: SocketRecord): ShownSocket {
  return { socket, path, user, groups, since: openedAt, status };
}
