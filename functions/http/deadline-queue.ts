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

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#due.size === 0;
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

  /** Whoever is told may add others; these come behind all that wait. */
  #expire(): void {
    const now = performance.now();
    try {
      for (const [one, due] of this.#due) {
        if (due > now) break;
        this.#due.delete(one);
        one.expire();
      }
    } finally {
      this.#isArmed = false;
      const [next] = this.#due.values();
      if (next !== undefined) this.#arm(Math.max(0, next - performance.now()));
    }
  }
}
