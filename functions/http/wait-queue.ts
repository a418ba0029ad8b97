/** An entry of a wait queue. */
export interface Queued {
  /** Greater than that of all entries before. An entry that returns to the queue keeps its place. */
  readonly place: number;
  /** Whether it has left the queue. */
  readonly isSettled: boolean;
}

/** How many served entries may pile up before they are dropped, once they make up half of the list. */
const maxServed = 1_024;

/** First come, first served. An entry that was served in vain returns to its old position. */
export class WaitQueue<One extends Queued> {
  /** The entries that returned, in order of position. They come before all others. */
  readonly #back: One[] = [];
  #others: One[] = [];
  #served = 0;

  get isEmpty(): boolean {
    return this.#back.length === 0 && this.#served === this.#others.length;
  }

  /** Adds a new entry at the end. */
  enqueue(one: One): void {
    this.#others.push(one);
  }

  /** Puts an entry back at its place. */
  requeue(one: One): void {
    let at = this.#back.length;
    while (at > 0 && (this.#back[at - 1]?.place ?? 0) > one.place) at -= 1;
    this.#back.splice(at, 0, one);
  }

  /** Takes the first entry that has not left. */
  next(): One | undefined {
    for (let one = this.#take(); one !== undefined; one = this.#take()) if (!one.isSettled) return one;
    return undefined;
  }

  /** All entries in order. Some may have left. */
  all(): One[] {
    return [...this.#back, ...this.#others.slice(this.#served)];
  }

  /** Counts instead of calling `shift`, which would move all the remaining entries every time. */
  #take(): One | undefined {
    const back = this.#back.shift();
    if (back !== undefined) return back;
    const one = this.#others[this.#served];
    if (one === undefined) return undefined;
    this.#served += 1;
    if (this.#served === this.#others.length || (this.#served >= maxServed && this.#isHalfServed())) {
      this.#others = this.#others.slice(this.#served);
      this.#served = 0;
    }
    return one;
  }

  #isHalfServed(): boolean {
    return this.#served * 2 >= this.#others.length;
  }
}
