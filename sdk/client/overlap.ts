/** Beyond this many characters the overlap ends early, so that it costs no memory to speak of. */
const longest = 1_000_000;

/**
 * What two connections receive beside each other. A broadcast reaches both, and counts once. Each text is counted on
 * each side, so that two equal broadcasts count twice.
 */
export class Overlap {
  /** The connection of side 0. */
  old: unknown;
  readonly #counts = new Map<string, [old: number, next: number]>();
  #characters = 0;

  /** Whether a text that arrives on this side is new, and not the other side's copy. */
  isNew(text: string, side: 0 | 1): boolean {
    let counts = this.#counts.get(text);
    if (counts === undefined) {
      counts = [0, 0];
      this.#counts.set(text, counts);
      this.#characters += text.length + 64;
    }
    counts[side] += 1;
    const [old, next] = counts;
    return side === 0 ? old > next : next > old;
  }

  get isFull(): boolean {
    return this.#characters > longest;
  }
}
