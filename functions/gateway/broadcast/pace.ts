import type { Pacer } from '../deliver/dispatcher.ts';
import type { Clock } from '../ports.ts';

/** The longest time that is caught up after a pause, in milliseconds: twice what is between two batches. */
const burstMs = 250;

/** A timer is at least a millisecond, so shorter pauses than this are added up. In milliseconds. */
const shortestMs = 10;

/** How many first tries decide whether the rate is too high. */
const sample = 50;

/** The share of throttled ones above which it is. A few also come of single clients that read too slowly. */
const tooMany = 0.2;

/** The rate is halved when it is too high, down to this share of the limit, and grows back by a quarter. */
const change = { least: 1 / 32, down: 0.5, up: 1.25 } as const;

/** The rate that throttling is answered from where there is no limit, in posts per second. */
const unlimited = 20_000;

/** Spaces posts evenly, so that all workers together stay below the limit of the account. */
export class Pace implements Pacer {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** Which share of the limit is used. */
  #share = 1;
  /** When the next post is due, on the monotonic clock. */
  #due: number;
  #tries = 0;
  #throttled = 0;

  /** `perSecond`: posts per second; infinite for no limit. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#due = clock.monotonic();
  }

  /**
   * A batch begins. What the pause since the last one cost is caught up. But after a long one another process may have
   * had this worker's turn. The whole rate is tried again, since the throttling may be over.
   */
  begin(): void {
    const now = this.#clock.monotonic();
    this.#share = 1;
    this.#tries = 0;
    this.#throttled = 0;
    if (now - this.#due > burstMs) this.#due = now;
  }

  next(): Promise<void> | undefined {
    if (this.#perSecond === Number.POSITIVE_INFINITY && this.#share === 1) return undefined;
    const now = this.#clock.monotonic();
    const perMs = (Math.min(this.#perSecond, unlimited) * this.#share) / 1_000;
    this.#due = Math.max(this.#due, now - burstMs) + 1 / perMs;
    const early = this.#due - now;
    return early < shortestMs ? undefined : this.#clock.sleep(early);
  }

  tried(isThrottled: boolean): void {
    this.#tries += 1;
    if (isThrottled) this.#throttled += 1;
    if (this.#tries < sample) return;
    const isTooFast = this.#throttled > this.#tries * tooMany;
    const share = this.#share * (isTooFast ? change.down : change.up);
    this.#share = Math.min(1, Math.max(change.least, share));
    this.#tries = 0;
    this.#throttled = 0;
  }
}
