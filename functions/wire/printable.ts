const unprintable = /\p{Cc}/u;

/** Whether a text is well-formed and has no control characters, so that it is safe in a record and in a log. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text) && isWellFormed(text);
}

/** Whether a text can be written as UTF-8 without loss: it has no lone surrogates. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** The size of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
