/**
 * How long a connection lasts:
 * - a connection without messages is closed with 1001, "Going away", after 10 minutes; pings do not count
 * - messages in either direction, and the MOCK route, keep a connection from idling out
 * - a connection is closed with 1001, "Going away", after 2 hours, however busy it is
 */
import type { Limits } from './limits.ts';

/** The two timers of a connection. */
export class Lifetime {
  readonly #idle: NodeJS.Timeout;
  readonly #life: NodeJS.Timeout;

  constructor({ idleMs, lifeMs }: Limits, end: () => void) {
    this.#idle = setTimeout(end, idleMs);
    this.#life = setTimeout(end, lifeMs);
  }

  /** A message went by. */
  touch(): void {
    this.#idle.refresh();
  }

  /** The connection is no more. */
  end(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#life);
  }
}
