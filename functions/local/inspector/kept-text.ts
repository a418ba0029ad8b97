/** A text as far as it is kept, and how many bytes of UTF-8 that is and the whole was. */
export interface KeptText {
  readonly text: string;
  readonly bytes: number;
  readonly allBytes: number;
}

/** The beginning of a text, at most `max` bytes of UTF-8, cut between characters. */
export function keptText(text: string, max: number): KeptText {
  const allBytes = Buffer.byteLength(text);
  if (allBytes <= max) return { text, bytes: allBytes, allBytes };
  const bytes = wholeUtf8(Buffer.from(text.slice(0, max)).subarray(0, max));
  return { text: bytes.toString(), bytes: bytes.length, allBytes };
}

/** Bytes of UTF-8 without the part of a character that was cut at the end. */
export function wholeUtf8(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + length > bytes.length ? bytes.subarray(0, start) : bytes;
}

/** The same text in memory of its own: a part of a text keeps the whole alive, such as the head of a request. */
export function ownCopy(text: string): string {
  return text === '' ? text : Buffer.from(text).toString();
}
