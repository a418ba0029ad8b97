/** How many bytes are read between two looks at the memory. */
const lookBytes = 67_108_864;
/** Resident memory up to which nothing is done, in bytes: what 10,000 clients that behave take, and more. */
const calmBytes = 268_435_456;

/** By how much the process must have grown since the last collection, in bytes: each holds up everybody for a moment. */
const grownBytes = 33_554_432;

/** The memory of this process, and what frees it. */
export interface Memory {
  /** Resident, in bytes. */
  resident(): number;
  /** Collects all garbage before it returns. */
  collect(): void;
}

/**
 * Collects the garbage that reading leaves behind, while the process takes much memory. Bun makes a buffer for each read,
 * and is in no hurry to free them: with clients that flood, it took twice the memory of Node.js.
 */
export class ReadGarbage {
  readonly #memory: Memory;
  #unlooked = 0;
  /** What the process took after the last collection, or less since. What is no garbage does not go. */
  #kept = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** So many bytes were read. */
  read(bytes: number): void {
    this.#unlooked += bytes;
    if (this.#unlooked < lookBytes) return;
    this.#unlooked = 0;
    const before = this.#memory.resident();
    const isLarge = before > Math.max(calmBytes, this.#kept + grownBytes);
    if (isLarge) this.#memory.collect();
    this.#kept = isLarge ? this.#memory.resident() : Math.min(this.#kept, before);
  }
}
