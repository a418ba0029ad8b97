/** Counts the messages of clients in both directions, and the bytes of their texts. Pings and pongs are none. */
export class Traffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;

  /** A client has sent a message. */
  received(bytes: number): void {
    this.messagesIn += 1;
    this.bytesIn += bytes;
  }

  /** A message was written to a client. */
  sent(bytes: number): void {
    this.messagesOut += 1;
    this.bytesOut += bytes;
  }
}
