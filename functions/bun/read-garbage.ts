/** How many bytes are read between two looks at the memory. */
const lookBytes = 67_108_864;
/** Resident memory up to which nothing is done, in bytes: what 10,000 clients that behave take, and more. */
const calmBytes = 268_435_456;

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

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** So many bytes were read. */
  read(bytes: number): void {
    this.#unlooked += bytes;
    if (this.#unlooked < lookBytes) return;
    this.#unlooked = 0;
    if (this.#memory.resident() > calmBytes) this.#memory.collect();
  }
}
