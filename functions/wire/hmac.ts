import { createHmac, hash } from 'node:crypto';

/** The sizes of a SHA-256 block and of its digest, in bytes. FIPS 180-4. */
const [blockBytes, hashBytes] = [64, 32];
/** Texts of up to this many characters go through a reused buffer, with room for three bytes per character. */
const shortText = 2_048;

/**
 * HMAC-SHA-256 with one key. For a short text it is computed as the hash of a hash (RFC 2104), with one call for each:
 * node:crypto creates an object for every HMAC, which takes longer than the hashing itself.
 */
export class Hmac {
  readonly #key: Uint8Array;
  /** The start of the inner hash, made from the key, and room for a text. */
  readonly #inner: Buffer;
  /** The start of the outer hash, made from the key, and room for the inner hash. */
  readonly #outer: Buffer;

  /** Takes a key of at most 64 bytes. A longer one would have to be hashed first. */
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

  /** The HMAC of a text in UTF-8. The text may be given in two parts, so that callers need not join them. */
  digest(text: string, encoding: 'hex' | 'base64', rest = ''): string {
    if (text.length + rest.length > shortText)
      return createHmac('sha256', this.#key).update(text).update(rest).digest(encoding);
    const middle = blockBytes + this.#inner.write(text, blockBytes);
    const end = rest === '' ? middle : middle + this.#inner.write(rest, middle);
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'binary'), blockBytes, 'latin1');
    return hash('sha256', this.#outer, encoding);
  }
}
