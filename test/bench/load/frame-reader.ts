import { opcodes } from './frame.ts';

/** Counts the text frames in the bytes that a server sends. Reads their lengths, not their contents. */
export class FrameReader {
  readonly #onText: (bytes: number) => void;
  readonly #head: number[] = [];
  #left = 0;
  #bytes = 0;
  #opcode = 0;

  /** `onText` is called with the length of every complete text. */
  constructor(onText: (bytes: number) => void) {
    this.#onText = onText;
  }

  /** Takes the bytes from `from` to `to`. */
  take(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#left === 0) at = this.#readHead(bytes, at, to);
      const taken = Math.min(this.#left, to - at);
      this.#left -= taken;
      at += taken;
      if (taken > 0 && this.#left === 0) this.#end();
    }
  }

  #readHead(bytes: Uint8Array, from: number, to: number): number {
    const head = this.#head;
    let at = from;
    while (at < to && head.length < 2) head.push(bytes[at++] ?? 0);
    const isLong = ((head[1] ?? 0) & 0x7f) === 126;
    while (at < to && isLong && head.length < 4) head.push(bytes[at++] ?? 0);
    if (head.length < (isLong ? 4 : 2)) return at;
    const [first = 0, second = 0, third = 0, fourth = 0] = head;
    if (second > 126) throw new Error('The load reads frames of at most 65,535 bytes.');
    this.#opcode = first & 0x0f;
    this.#bytes = isLong ? (third << 8) | fourth : second;
    this.#left = this.#bytes;
    head.length = 0;
    if (this.#left === 0) this.#end();
    return at;
  }

  #end(): void {
    if (this.#opcode === opcodes.text) this.#onText(this.#bytes);
    else if (this.#opcode !== opcodes.ping) throw new Error(`A frame of opcode ${this.#opcode} came.`);
  }
}
