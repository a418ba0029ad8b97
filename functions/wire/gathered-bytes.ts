/** Bytes that come in pieces, in one piece of memory however small they are: a piece of its own for each would cost far more. */
export class GatheredBytes {
  #memory = Buffer.alloc(0);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of these. */
  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const memory = Buffer.allocUnsafe(Math.max(length, 2 * this.#memory.length));
      memory.set(this.#memory.subarray(0, this.#length));
      this.#memory = memory;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = length;
  }

  /** All of them, where they stand until more are added. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** All of them as text of UTF-8. */
  toString(): string {
    return this.#memory.toString('utf8', 0, this.#length);
  }
}
