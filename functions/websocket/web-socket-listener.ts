import type { CloseCode } from '../wire/close-codes.ts';

/** Who hears of a WebSocket. */
export interface WebSocketListener {
  /** A text of so many bytes of UTF-8 has come; it may call `pause`. */
  message(text: string, bytes: number): void;
  /** What is held of bytes that were read has grown by so many, or shrunk. */
  held(bytes: number): void;
  /** A ping or a pong has come. */
  alive(): void;
  /**
   * The client has ended it, by a close frame, by breaking the protocol, or without a word (1006). Comes at most once,
   * and not after `close`.
   */
  ended(how: CloseCode): void;
  /** Its connection is gone; the last that is heard of it. */
  closed(): void;
}
