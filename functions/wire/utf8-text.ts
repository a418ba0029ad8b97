import { isUtf8 } from 'node:buffer';

/**
 * Decodes UTF-8, and drops a byte order mark at the beginning (RFC 3629 section 6). Undefined if the bytes are not
 * valid UTF-8.
 */
export function utf8Text(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString();
  // Invalid bytes decode to this character, but it may also have been sent as such.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return undefined;
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
