import { isUtf8 } from 'node:buffer';

/** How many bytes follow the first byte of a character, and the range of the second byte (RFC 3629 section 4). */
interface Lead {
  readonly following: number;
  readonly min: number;
  readonly max: number;
}

/** Validates UTF-8 that arrives in pieces. Fails as soon as the bytes can't be the beginning of valid UTF-8. */
export class Utf8Check {
  #following = 0;
  #min = 0x80;
  #max = 0xbf;

  /** Takes the next piece. Returns false if the text is invalid, whatever may follow. */
  take(bytes: Buffer): boolean {
    let at = 0;
    while (this.#following > 0 && at < bytes.length) {
      if (!this.#follow(bytes[at] ?? 0)) return false;
      at += 1;
    }
    const cut = lastCharacter(bytes, at);
    if (!isUtf8(bytes.subarray(at, cut))) return false;
    if (cut === bytes.length) return true;
    const lead = leadOf(bytes[cut] ?? 0);
    if (lead === undefined) return false;
    this.#following = lead.following;
    this.#min = lead.min;
    this.#max = lead.max;
    return bytes.subarray(cut + 1).every((byte) => this.#follow(byte));
  }

  /** Whether the text may end here. */
  get isWhole(): boolean {
    return this.#following === 0;
  }

  #follow(byte: number): boolean {
    if (byte < this.#min || byte > this.#max) return false;
    this.#following -= 1;
    this.#min = 0x80;
    this.#max = 0xbf;
    return true;
  }
}

/** Where the last character begins, if it is incomplete; else the end. */
function lastCharacter(bytes: Buffer, from: number): number {
  const { length } = bytes;
  for (let at = length - 1; at >= Math.max(from, length - 3); at--) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) return at + (leadOf(byte)?.following ?? 0) >= length ? at : length;
  }
  return length;
}

function leadOf(byte: number): Lead | undefined {
  if (byte >= 0xc2 && byte <= 0xdf) return { following: 1, min: 0x80, max: 0xbf };
  // No overlong encodings, and no surrogates.
  if (byte >= 0xe0 && byte <= 0xef)
    return { following: 2, min: byte === 0xe0 ? 0xa0 : 0x80, max: byte === 0xed ? 0x9f : 0xbf };
  // Nothing beyond U+10FFFF.
  if (byte >= 0xf0 && byte <= 0xf4)
    return { following: 3, min: byte === 0xf0 ? 0x90 : 0x80, max: byte === 0xf4 ? 0x8f : 0xbf };
  return undefined;
}
