import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import type { Position } from './cursor.ts';

/** Stands for a part that is done; no socket id has it. */
const done = '.';

/** How far a broadcast has come in each of the parts that it reads at once: a text may keep it for another run. */
export class Progress {
  /** Of each part the socket after which it goes on; empty at its beginning. */
  readonly #parts: string[];

  /** Throws if the text is none of a broadcast in so many parts. */
  constructor(parts: number, from: string | undefined) {
    this.#parts = from === undefined ? Array.from({ length: parts }, () => '') : from.split(',');
    const isKnown = (part: string): boolean =>
      part === '' || part === done || parseSocketId(part) !== undefined;
    if (this.#parts.length !== parts || !this.#parts.every(isKnown))
      throw new Error('This is not where a broadcast stopped.');
  }

  /** The parts that are not done, and where each goes on. */
  get unfinished(): Position[] {
    return this.#parts.flatMap((after, part) =>
      after === done ? [] : [{ part, after: after === '' ? undefined : parseSocketId(after) }],
    );
  }

  /** A part has been read up to a socket, or to its end. */
  reach(part: number, after: SocketId | undefined): void {
    this.#parts[part] = after ?? done;
  }

  toString(): string {
    return this.#parts.join(',');
  }
}
