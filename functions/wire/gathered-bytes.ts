/** Bytes that come in pieces, in one piece of memory however small they are: a piece of its own for each would cost far more. */
export class GatheredBytes {
  #memory = none;
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** How much memory they take, in bytes: at most twice as many as there are. */
  get held(): number {
    return this.#memory.length;
  }

  /** Adds a copy of these. Where it is known how many there will be in all, no more room is made than for those. */
  add(bytes: Uint8Array, inAll: number = Number.POSITIVE_INFINITY): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const room = Math.max(length, Math.min(inAll, 2 * this.#memory.length));
      const memory = Buffer.allocUnsafe(room);
      memory.set(this.#memory.subarray(0, this.#length));
      this.#memory = memory;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = length;
  }

  /** All of them, where they stand until more are added. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** All of them as text of UTF-8. */
  toString(): string {
    return this.#memory.toString('utf8', 0, this.#length);
  }
}

const none = Buffer.alloc(0);
