import type { Clock, Log } from '../gateway/ports.ts';
import { hookId } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { Backlog } from './backlog.ts';

/** A backlog is old if its oldest message has waited for longer than this, in milliseconds. */
const oldMs = 5_000;

/** The least time between two warnings, in milliseconds. */
const quietMs = 10_000;

/** A socket, and its messages that wait. */
interface Backlogged {
  readonly socket: SocketId;
  readonly backlog: Pick<Backlog, 'count' | 'oldest'>;
}

/**
 * Warns of sockets whose messages wait for long, since their app is too slow for what their clients send. A line names
 * the worst of them, and says how many they are. It is written for sockets that no line was about since their backlogs
 * are old.
 */
export class OldBacklogs {
  readonly #log: Pick<Log, 'warn'>;
  /** The sockets with old backlogs that a line was about. */
  #told = new Set<SocketId>();
  /** On the monotonic clock. */
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(log: Pick<Log, 'warn'>) {
    this.#log = log;
  }

  /** Looks at these sockets. A clock that is set makes backlogs older, or younger, until they are done. */
  check(sockets: Iterable<Backlogged>, clock: Pick<Clock, 'now' | 'monotonic'>): void {
    const now = clock.now();
    const old = new Set<SocketId>();
    let worst: Backlogged | undefined;
    for (const one of sockets) {
      const { oldest = now } = one.backlog;
      if (now - oldest <= oldMs) continue;
      old.add(one.socket);
      if (oldest < (worst?.backlog.oldest ?? now)) worst = one;
    }
    for (const socket of this.#told) if (!old.has(socket)) this.#told.delete(socket);
    if (worst === undefined || this.#told.size === old.size || clock.monotonic() < this.#quietUntil) return;
    this.#told = old;
    this.#quietUntil = clock.monotonic() + quietMs;
    const { count, oldest = now } = worst.backlog;
    const age = Math.round((now - oldest) / 1_000);
    const request = hookId('closed', worst.socket);
    this.#log.warn('backlog_old', { request, age, waiting: count, sockets: old.size });
  }
}
