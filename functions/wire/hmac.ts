import { createHmac, hash } from 'node:crypto';

/** A block of SHA-256, and what comes of it, in bytes. FIPS 180-4. */
const [blockBytes, hashBytes] = [64, 32];
/** Up to so many characters, a text goes through memory that is used again; it takes three bytes for each at the most. */
const shortText = 2_048;

/**
 * HMAC-SHA-256 with one key. That of a short text is the hash of a hash (RFC 2104), each in one call: node:crypto makes
 * an object for each HMAC, which takes longer than all the hashing.
 */
export class Hmac {
  readonly #key: Uint8Array;
  /** The key as the inner hash begins with it, and room for a text. */
  readonly #inner: Buffer;
  /** The key as the outer hash begins with it, and room for the inner hash. */
  readonly #outer: Buffer;

  /** The key has at most 64 bytes; a longer one would have to be hashed first. */
  constructor(key: Uint8Array) {
    if (key.length > blockBytes) throw new RangeError(`The key of an HMAC has at most ${blockBytes} bytes.`);
    this.#key = key;
    this.#inner = Buffer.alloc(blockBytes + shortText * 3, 0x36);
    this.#outer = Buffer.alloc(blockBytes + hashBytes, 0x5c);
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
  }

  /** The code of a text in UTF-8; it may be in two parts, which saves putting them together. */
  digest(text: string, encoding: 'hex' | 'base64', rest = ''): string {
    if (text.length + rest.length > shortText)
      return createHmac('sha256', this.#key).update(text).update(rest).digest(encoding);
    const middle = blockBytes + this.#inner.write(text, blockBytes);
    const end = rest === '' ? middle : middle + this.#inner.write(rest, middle);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'binary'), blockBytes, 'latin1');
    return hash('sha256', this.#outer, encoding);
  }
}
