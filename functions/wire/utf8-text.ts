import { isUtf8 } from 'node:buffer';

/**
 * The text of these bytes, without the byte order mark that some put in front of it (RFC 3629 section 6); undefined if
 * they are no UTF-8.
 */
export function utf8Text(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  // This character stands for what was no UTF-8, unless it was sent.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return undefined;
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
