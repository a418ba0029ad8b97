import type { Later, Log, Task } from '../../functions/gateway/ports.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { Lane, type LaneKeeper } from './lane.ts';

/** What a message takes that need not wait for others to be done, in bytes: most messages are far smaller. */
const smallWeight = 16_384;

/**
 * A lane for each socket, in which its hooks and its deferred work follow one another (promise 7: order). Work of
 * different sockets goes on side by side. When all sockets together have more waiting than they may, those that have
 * the most are the first to lose it.
 */
export class Lanes implements Later, LaneKeeper {
  readonly #lanes = new Map<SocketId, Lane>();
  readonly #perform: (task: Task) => Promise<void>;
  readonly #log: Log;
  readonly #mostBytes: number;
  #waiters: (() => void)[] = [];
  #weight = 0;
  /** What messages under way take, and the lanes that wait for less of it. */
  #running = 0;
  readonly #parked = new Set<Lane>();

  /** `mostBytes` is what all sockets together may have waiting. */
  constructor(
    perform: (task: Task) => Promise<void>,
    log: Log,
    mostBytes: number = Number.POSITIVE_INFINITY,
  ) {
    this.#perform = perform;
    this.#log = log;
    this.#mostBytes = mostBytes;
  }

  /** The held lane of a socket that is about to open. Whoever opens it ends it. */
  open(socket: SocketId): Lane {
    const lane = new Lane(socket, this);
    this.#lanes.set(socket, lane);
    return lane;
  }

  /**
   * Forgets the lane of a socket that has ended, as soon as its work is done. Messages that still wait in so many
   * milliseconds are dropped, since nobody is there any more who could wait for what comes of them.
   */
  end(socket: SocketId, patienceMs: number = Number.POSITIVE_INFINITY): void {
    const lane = this.#lanes.get(socket);
    if (lane === undefined) return;
    lane.isEnded = true;
    if (lane.waiting > 0 && Number.isFinite(patienceMs))
      setTimeout(() => this.#drop(lane, 'the client has gone'), patienceMs).unref();
    lane.release();
  }

  async queue(task: Task, delayMs = 0): Promise<void> {
    if (delayMs > 0) {
      setTimeout(() => void this.queue(task), delayMs).unref();
      return;
    }
    const known = this.#lanes.get(task.socket);
    const lane = known ?? this.open(task.socket);
    lane.push(() => this.#perform(task), `${task.kind}_${task.socket}`);
    if (known === undefined) this.end(task.socket);
  }

  /** Drops every message that waits: from here on a socket's closed hook is the next that is posted. */
  dropWaiting(why: string): void {
    for (const lane of this.#lanes.values()) this.#drop(lane, why);
  }

  /** The hooks that are being posted or wait for that, by their ids. */
  *unfinished(): Generator<string> {
    for (const lane of this.#lanes.values()) {
      for (const name of lane.unfinished) if (/^(?:message|closed)_/.test(name)) yield name;
    }
  }

  /** Resolves when no lane has anything to do. */
  async idle(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  settled(lane: Lane): void {
    if (lane.isEnded && lane.isIdle && this.#lanes.get(lane.socket) === lane) this.#lanes.delete(lane.socket);
    if (this.#waiters.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters = [];
  }

  fault({ socket }: Lane, fault: unknown): void {
    this.#log.error('fault', { request: `closed_${socket}`, why: String(fault) });
  }

  get isPressed(): boolean {
    return this.#weight > this.#mostBytes / 2;
  }

  /** Small messages have room always, and one that is large if there is no other. */
  hasRoom(weight: number): boolean {
    return weight <= smallWeight || this.#running === 0 || this.#running + weight <= this.#mostBytes / 2;
  }

  park(lane: Lane): void {
    this.#parked.add(lane);
  }

  ran(bytes: number): void {
    this.#running += bytes;
    if (bytes > 0 || this.#parked.size === 0) return;
    for (const lane of [...this.#parked]) {
      this.#parked.delete(lane);
      lane.resume();
      if (this.#parked.has(lane)) return;
    }
  }

  weighed(bytes: number): void {
    this.#weight += bytes;
    // Who is being shed gives back in several steps, between which nobody else is chosen.
    if (bytes <= 0) return;
    while (this.#weight > this.#mostBytes) if (!this.#shed()) return;
  }

  /** Drops what the socket with the most has waiting; false if nobody has anything. */
  #shed(): boolean {
    let heaviest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.weight > (heaviest?.weight ?? 0)) heaviest = lane;
    }
    if (heaviest === undefined) return false;
    const before = this.#weight;
    this.#lost(heaviest, heaviest.shed(), 'all clients together have too much waiting');
    return this.#weight < before;
  }

  #drop(lane: Lane, why: string): void {
    this.#lost(lane, lane.drop(), why);
  }

  #lost({ socket }: Lane, count: number, why: string): void {
    if (count > 0) this.#log.error('messages_lost', { request: `closed_${socket}`, count, why });
  }

  #isIdle(): boolean {
    return [...this.#lanes.values()].every((lane) => lane.isIdle);
  }
}
