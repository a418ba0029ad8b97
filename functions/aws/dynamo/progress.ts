import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import type { Position } from './cursor.ts';

/** Marks a part that is done. No socket id contains it. */
const done = '.';

/** How much a broadcast has read of each of its parallel parts. Written as a text, it lets another run continue. */
export class Progress {
  /** For each part, the socket to continue after. Empty at the start of the part. */
  readonly #parts: string[];

  /** Throws if the text was not written by a broadcast with the same number of parts. */
  constructor(parts: number, from: string | undefined) {
    this.#parts = from === undefined ? Array.from({ length: parts }, () => '') : from.split(',');
    const isKnown = (part: string): boolean =>
      part === '' || part === done || parseSocketId(part) !== undefined;
    if (this.#parts.length !== parts || !this.#parts.every(isKnown))
      throw new Error('This is not where a broadcast stopped.');
  }

  /** The parts that are not done, and where each continues. */
  get unfinished(): Position[] {
    return this.#parts.flatMap((after, part) =>
      after === done ? [] : [{ part, after: after === '' ? undefined : parseSocketId(after) }],
    );
  }

  /** Records that a part was read up to a socket, or to its end. */
  reach(part: number, after: SocketId | undefined): void {
    this.#parts[part] = after ?? done;
  }

  toString(): string {
    return this.#parts.join(',');
  }
}
