/** Something whose time may be over. */
export interface Expiring {
  /** Its time is over; called once at the most. */
  expire(): void;
}

/** One that waits, between those that came before it and after it. */
export class Wait {
  readonly one: Expiring;
  /** When its time is over, on the clock of `performance`. */
  readonly due: number;
  earlier: Wait | undefined;
  later: Wait | undefined;
  isOver = false;

  constructor(one: Expiring, due: number, earlier: Wait | undefined) {
    this.one = one;
    this.due = due;
    this.earlier = earlier;
  }
}

/**
 * Those that wait, each for the same time from when it was added. As whoever came first is due first, one timer for
 * all is enough: a timer for each costs more than all the rest of waiting. They are linked to one another, since a Map
 * in which so much comes and goes is made anew all the time, and what its old tables hold is not collected for long.
 */
export class DeadlineQueue {
  readonly #ms: number;
  #first: Wait | undefined;
  #last: Wait | undefined;
  #isArmed = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** How long each may wait, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  add(one: Expiring): Wait {
    const wait = new Wait(one, performance.now() + this.#ms, this.#last);
    if (this.#last === undefined) this.#first = wait;
    else this.#last.later = wait;
    this.#last = wait;
    if (!this.#isArmed) this.#arm(this.#ms);
    return wait;
  }

  /** Its time does not matter any more. */
  delete(wait: Wait): void {
    if (wait.isOver) return;
    const { earlier, later } = wait;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    wait.isOver = true;
    wait.earlier = undefined;
    wait.later = undefined;
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#expire(), Math.ceil(ms)).unref();
  }

  /** Whoever is told may add others; these come behind all that wait. */
  #expire(): void {
    const now = performance.now();
    try {
      for (let wait = this.#first; wait !== undefined && wait.due <= now; wait = this.#first) {
        this.delete(wait);
        wait.one.expire();
      }
    } finally {
      this.#isArmed = false;
      if (this.#first !== undefined) this.#arm(Math.max(0, this.#first.due - performance.now()));
    }
  }
}
