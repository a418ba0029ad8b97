const unprintable = /\p{Cc}/u;

/** Whether a text has no control characters and is well-formed, so that it may stand in a record and in a log. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text) && isWellFormed(text);
}

/** Whether a text can be written as UTF-8 without loss: it has no half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** The size of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
