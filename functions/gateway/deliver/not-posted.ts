/** A fault of the world that kept a message from leaving: it may be posted again, and comes once. */
export class NotPosted extends Error {
  override readonly name = 'NotPosted';
}
