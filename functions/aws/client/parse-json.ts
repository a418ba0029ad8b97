/** Parses JSON. Hides the error of `JSON.parse`, which repeats a part of the text: that may be a secret, or of a user. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('The text is not JSON.');
  }
}
