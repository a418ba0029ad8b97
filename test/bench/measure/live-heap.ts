/**
 * The most that a process had in use on its heap: what is left after garbage collections at many moments of its work.
 * Its resident memory says less, since V8 leaves garbage where it is while there is plenty of memory.
 */
export class LiveHeap {
  readonly #every: number;
  #moments = 0;
  #peakBytes = 0;

  /** Looks at every moment, or at one in this many. */
  constructor(every = 1) {
    this.#every = every;
  }

  /** The most so far. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** A moment of the work. */
  look(): void {
    this.#moments += 1;
    if (this.#moments % this.#every !== 0) return;
    globalThis.gc?.();
    this.#peakBytes = Math.max(this.#peakBytes, process.memoryUsage().heapUsed);
  }
}

/** The most resident memory that this process has had, in bytes. */
export function peakResidentBytes(): number {
  return process.resourceUsage().maxRSS * 1_024;
}
