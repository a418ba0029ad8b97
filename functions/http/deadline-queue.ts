/** Something whose time may be over. */
export interface Expiring {
  /** Its time is over; called once at the most. */
  expire(): void;
}

/** One that waits, between those that came before it and after it. */
export class Deadline {
  readonly one: Expiring;
  /** When its time is over, on the clock of `performance`. */
  readonly due: number;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  isOver = false;

  constructor(one: Expiring, due: number, previous: Deadline | undefined) {
    this.one = one;
    this.due = due;
    this.previous = previous;
  }
}

/**
 * Those that wait, each for the same time from when it was added. As whoever came first is due first, one timer for
 * all is enough: a timer for each costs more than all the rest of waiting. They are linked to one another, since a Map
 * in which so much comes and goes is made anew all the time, and what its old tables hold is not collected for long.
 */
export class DeadlineQueue {
  readonly #ms: number;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
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

  add(one: Expiring): Deadline {
    const deadline = new Deadline(one, performance.now() + this.#ms, this.#last);
    if (this.#last === undefined) this.#first = deadline;
    else this.#last.next = deadline;
    this.#last = deadline;
    if (!this.#isArmed) this.#arm(this.#ms);
    return deadline;
  }

  /** Its time does not matter any more. */
  delete(deadline: Deadline): void {
    if (deadline.isOver) return;
    const { previous, next } = deadline;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    deadline.isOver = true;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#expire(), Math.ceil(ms)).unref();
  }

  /** Whoever is told may add others; these come behind all that wait. */
  #expire(): void {
    const now = performance.now();
    try {
      for (
        let deadline = this.#first;
        deadline !== undefined && deadline.due <= now;
        deadline = this.#first
      ) {
        this.delete(deadline);
        deadline.one.expire();
      }
    } finally {
      this.#isArmed = false;
      if (this.#first !== undefined) this.#arm(Math.max(0, this.#first.due - performance.now()));
    }
  }
}
