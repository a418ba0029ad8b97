/** Something that happens at a moment. */
interface Happening {
  readonly at: number;
  /** What was planned first happens first. */
  readonly order: number;
  readonly happen: () => void;
}

/** Moments are rounded up to this part of a millisecond, so that what happens nearly at once takes one turn. */
const perMs = 8;

/** A clock that jumps from one happening to the next. Between them, everything runs that waits for none. */
export class SimulatedClock {
  /** Milliseconds since the start. */
  time = 0;
  #planned = 0;
  /** A binary heap: no entry comes before its parent, which is at half its place. */
  readonly #heap: Happening[] = [];

  /** Plans what happens in `ms` milliseconds. */
  after(ms: number, happen: () => void): void {
    this.#planned += 1;
    const at = Math.ceil((this.time + Math.max(0, ms)) * perMs) / perMs;
    this.#push({ at, order: this.#planned, happen });
  }

  /** Lets time pass until a promise is settled. Throws if nothing is planned any more. */
  async until<Value>(outcome: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    outcome.then(done, done);
    await turn();
    while (!isSettled) {
      const next = this.#heap[0];
      if (next === undefined) throw new Error('Nothing happens any more, and the simulation is not over.');
      this.time = next.at;
      while (this.#heap[0]?.at === next.at) this.#pop()?.happen();
      await turn();
    }
    return outcome;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, happening)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Everything runs that waits for no happening: promises come before the next immediate. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
