/** Beyond this many characters the overlap ends early, so that it costs no memory to speak of. */
const longest = 1_000_000;

/**
 * What two connections receive beside each other. A broadcast reaches both, and counts once. Each text is counted on
 * each side, so that two equal broadcasts count twice.
 */
export class Overlap {
  /** The connection of side 1. */
  readonly old: unknown;
  /** How often the old connection has brought each text, less how often the next one has. */
  readonly #counts = new Map<string, number>();
  #characters = 0;

  constructor(old: unknown) {
    this.old = old;
  }

  /** Whether a text that arrives on this side is new, and not the other side's copy. */
  isNew(text: string, side: 1 | -1): boolean {
    const before = this.#counts.get(text);
    if (before === undefined) this.#characters += text.length + 64;
    const count = (before ?? 0) + side;
    this.#counts.set(text, count);
    return count * side > 0;
  }

  get isFull(): boolean {
    return this.#characters > longest;
  }
}
