/** An entry of a wait queue. */
export interface Queued {
  /** Grows with whoever comes, and stays the same for one that comes back. */
  readonly place: number;
  /** Whether it has left. */
  readonly isSettled: boolean;
}

/** From how many that were served on they are forgotten, if they are as many as those that wait. */
const maxServed = 1_024;

/** First come, first served. An entry that was served in vain goes back to its old position. */
export class WaitQueue<One extends Queued> {
  /** Those that came back, in their order; they come before all others. */
  readonly #back: One[] = [];
  #others: One[] = [];
  #served = 0;

  get isEmpty(): boolean {
    return this.#back.length === 0 && this.#served === this.#others.length;
  }

  /** Adds one that has just come. */
  enqueue(one: One): void {
    this.#others.push(one);
  }

  /** Adds one whose turn it was. */
  requeue(one: One): void {
    let at = this.#back.length;
    while (at > 0 && (this.#back[at - 1]?.place ?? 0) > one.place) at -= 1;
    this.#back.splice(at, 0, one);
  }

  /** Takes the first that has not left. */
  next(): One | undefined {
    for (let one = this.#take(); one !== undefined; one = this.#take()) if (!one.isSettled) return one;
    return undefined;
  }

  /** All of them in their order, some of whom may have left. */
  all(): One[] {
    return [...this.#back, ...this.#others.slice(this.#served)];
  }

  /** `shift` would move all that are behind, each time. */
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
