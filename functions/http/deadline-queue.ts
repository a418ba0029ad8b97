/** Something whose time may be over. */
export interface Expiring {
  /** Its time is over; called once at the most. */
  expire(): void;
}

/**
 * Those that wait, each for the same time from when it was added. As whoever came first is due first, one timer for
 * all is enough: a timer for each costs more than all the rest of waiting.
 */
export class DeadlineQueue {
  readonly #ms: number;
  /** When each is due, on the clock of `performance`; the first is due first. */
  readonly #due = new Map<Expiring, number>();
  #isArmed = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(one: Expiring): void {
    this.#due.set(one, performance.now() + this.#ms);
    if (!this.#isArmed) this.#arm(this.#ms);
  }

  /** Its time does not matter any more. */
  delete(one: Expiring): void {
    this.#due.delete(one);
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#expire(), Math.ceil(ms)).unref();
  }

  #expire(): void {
    this.#isArmed = false;
    const now = performance.now();
    for (const [one, due] of this.#due) {
      if (due > now) {
        this.#arm(due - now);
        return;
      }
      this.#due.delete(one);
      one.expire();
    }
  }
}
