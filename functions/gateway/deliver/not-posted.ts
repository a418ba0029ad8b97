/** A fault that kept a message from being sent: posting it again can't deliver it twice. */
export class NotPosted extends Error {
  override readonly name = 'NotPosted';
}
