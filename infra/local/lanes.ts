import type { Later, Log, Task } from '../../functions/gateway/ports.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { Lane } from './lane.ts';

/**
 * A lane for each socket, in which its hooks and its deferred work follow one another (promise 7: order). Work of
 * different sockets goes on side by side.
 */
export class Lanes implements Later {
  readonly #lanes = new Map<SocketId, Lane>();
  readonly #ended = new Set<SocketId>();
  readonly #perform: (task: Task) => Promise<void>;
  readonly #log: Log;
  #waiters: (() => void)[] = [];

  constructor(perform: (task: Task) => Promise<void>, log: Log) {
    this.#perform = perform;
    this.#log = log;
  }

  /** The held lane of a socket that is about to open. Whoever opens it ends it. */
  open(socket: SocketId): Lane {
    const lane = new Lane({
      idle: () => this.#settle(socket, lane),
      fault: (fault) => this.#log.error('fault', { request: `closed_${socket}`, why: String(fault) }),
    });
    this.#lanes.set(socket, lane);
    return lane;
  }

  /** Forgets the lane of a socket that has ended, as soon as its work is done. */
  end(socket: SocketId): void {
    const lane = this.#lanes.get(socket);
    if (lane === undefined) return;
    this.#ended.add(socket);
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

  #settle(socket: SocketId, lane: Lane): void {
    if (this.#ended.delete(socket) && this.#lanes.get(socket) === lane) this.#lanes.delete(socket);
    if (this.#waiters.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters = [];
  }

  #isIdle(): boolean {
    return [...this.#lanes.values()].every((lane) => lane.isIdle);
  }
}
