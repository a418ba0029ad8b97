/** The texts that wait for a connection. */
export class Outbox {
  readonly #limit: number;
  #texts: string[] = [];
  /** In UTF-8. */
  bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keeps a text of so many bytes. Throws a `RangeError`, and keeps nothing of it, if it doesn't fit. */
  add(text: string, bytes: number): void {
    if (this.bytes + bytes > this.#limit)
      throw new RangeError(`No connection, and no room for more than ${this.#limit} bytes (bufferBytes)`);
    this.#texts.push(text);
    this.bytes += bytes;
  }

  /** Takes everything out, in order. */
  take(): string[] {
    const texts = this.#texts;
    this.#texts = [];
    this.bytes = 0;
    return texts;
  }
}
