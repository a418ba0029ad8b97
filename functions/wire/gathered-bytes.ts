/**
 * Collects bytes that arrive in pieces, in a single buffer that grows. A buffer for each piece would cost far more
 * memory when the pieces are small.
 */
export class GatheredBytes {
  #memory = none;
  #length = 0;

  /** The number of bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /** The size of the buffer, in bytes: at most twice the length. */
  get held(): number {
    return this.#memory.length;
  }

  /** Appends a copy. If the final length is known, pass it as `inAll`: the buffer then never grows beyond it. */
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

  /** The bytes, as a view that is valid until more are added. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** The bytes, decoded as UTF-8. */
  toString(): string {
    return this.#memory.toString('utf8', 0, this.#length);
  }
}

const none = Buffer.alloc(0);
