import type { MaybePromise } from '../../functions/gateway/maybe-promise.ts';
import type { Clock } from '../../functions/gateway/ports.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved; chance is a number that a test sets. */
export class ManualClock implements Clock {
  /** What `random` gives. */
  chance = 0.5;
  /** Every pause that was asked for, in milliseconds. */
  readonly slept: number[] = [];
  #now: number;
  /** Between the time of day and the monotonic clock. */
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

  /** Somebody sets the clock by so many milliseconds, and no time passes. */
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

  /** Moves on to a moment, unless that is past, and wakes nobody. */
  skipTo(moment: number): void {
    this.#now = Math.max(this.#now, moment);
  }

  /** Moves on by so many milliseconds and wakes whoever slept until then, in the order of their times. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    while (this.#next() <= until) await this.#wake();
    this.#now = until;
  }

  /** Lets time pass, from one sleeper to the next, until an outcome is here. */
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

/** Lets everything run that does not wait for time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
