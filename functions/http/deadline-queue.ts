/** Something that can time out. */
export interface Expiring {
  /** Its time is over. Called at most once. */
  expire(): void;
}

/** An entry of a deadline queue, linked to its neighbours. */
export class Deadline {
  readonly one: Expiring;
  /** When it expires, on the clock of `performance`. */
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
 * Entries that all expire the same time after they were added. The first added is the first to expire, so one timer is
 * enough for all; a timer for each would cost more than everything else about waiting. The queue is a linked list
 * because a Map with this much turnover is rebuilt all the time, and its old tables keep their entries from being
 * collected.
 */
export class DeadlineQueue {
  readonly #ms: number;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #isArmed = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** How long each entry may wait, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether no entry waits. */
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

  /** Removes an entry, which then never expires. */
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

  /** An entry that expires may add others, which go to the end. */
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
