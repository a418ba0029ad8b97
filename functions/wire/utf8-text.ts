import { isUtf8 } from 'node:buffer';

/**
 * Decodes UTF-8, and drops a byte order mark at the beginning (RFC 3629 section 6). Undefined if the bytes are not
 * valid UTF-8. Without `from` and `to`, all of them.
 */
export function utf8Text(bytes: Uint8Array, from = 0, to: number = bytes.length): string | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8', from, to);
  // Invalid bytes decode to this character, but it may also have been sent as such.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, to))) return undefined;
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
