/**
 * The size of frames, which `ws` does not show; read from the bytes beside it (RFC 6455 section 5.2):
 * - a frame of more than 32 KiB is refused with 1009, and fragments of 32 KiB are welcome
 */
import type { Duplex } from 'node:stream';

/** Calls back when a frame with more than so many bytes of payload begins, before `ws` sees any of it. */
export function watchFrames(connection: Duplex, limit: number, tooBig: () => void): void {
  const sizes = new FrameSizes();
  connection.prependListener('data', (chunk: Buffer) => {
    if (sizes.largest(chunk) > limit) tooBig();
  });
}

/** Follows a stream of frames from header to header. */
class FrameSizes {
  #header: number[] = [];
  #payloadLeft = 0;

  /** The size of the largest frame that begins in this chunk; 0 if none does. */
  largest(chunk: Buffer): number {
    let largest = 0;
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(this.#payloadLeft, chunk.length - at);
      this.#payloadLeft -= skipped;
      at += skipped;
      if (at < chunk.length) {
        this.#header.push(chunk[at] ?? 0);
        at += 1;
        largest = Math.max(largest, this.#begin());
      }
    }
    return largest;
  }

  /** Once the header is complete, its frame's payload begins: gives its size. */
  #begin(): number {
    const [, second = 0] = this.#header;
    const length = second & 0x7f;
    const lengthBytes = length === 127 ? 8 : length === 126 ? 2 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    if (this.#header.length < 2 + lengthBytes + maskBytes) return 0;
    const extended = this.#header.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#payloadLeft = lengthBytes > 0 ? extended : length;
    this.#header = [];
    return this.#payloadLeft;
  }
}
