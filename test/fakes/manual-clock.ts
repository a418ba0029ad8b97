import type { MaybePromise } from '../../functions/gateway/maybe-promise.ts';
import type { Clock } from '../../functions/gateway/ports.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. The test also sets the random number. */
export class ManualClock implements Clock {
  /** The result of `random`. */
  chance = 0.5;
  /** Every requested pause, in milliseconds. */
  readonly slept: number[] = [];
  #now: number;
  /** The difference between the time of day and the monotonic clock. */
  #apart: number;
  #sleepers: Sleeper[] = [];

  constructor(now = 1_764_000_000_000) {
    this.#now = now;
    this.#apart = now - 5_000;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#apart;
  }

  /** Steps the time of day by `ms` milliseconds. No time passes. */
  set(ms: number): void {
    this.#now += ms;
    this.#apart += ms;
    this.#sleepers = this.#sleepers.map(({ at, wake }) => ({ at: at + ms, wake }));
  }

  random(): number {
    return this.chance;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    return new Promise((wake) => this.#sleepers.push({ at: this.#now + ms, wake }));
  }

  /** Moves to a moment, unless it is past, and wakes no sleeper. */
  skipTo(moment: number): void {
    this.#now = Math.max(this.#now, moment);
  }

  /** Moves forward by `ms` milliseconds, and wakes the sleepers that become due, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    while (this.#next() <= until) await this.#wake();
    this.#now = until;
  }

  /** Lets time pass, from one sleeper to the next, until a promise is settled. */
  async until<Value>(outcome: MaybePromise<Value>): Promise<Value> {
    const promise = Promise.resolve(outcome);
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await settle();
    while (!isSettled) await this.#wake();
    return promise;
  }

  #next(): number {
    return Math.min(...this.#sleepers.map(({ at }) => at));
  }

  async #wake(): Promise<void> {
    const at = this.#next();
    if (at < Number.POSITIVE_INFINITY) this.skipTo(at);
    const due = this.#sleepers.filter((sleeper) => sleeper.at === at);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at !== at);
    for (const { wake } of due) wake();
    await settle();
  }
}

/** Lets everything run that does not wait for the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
