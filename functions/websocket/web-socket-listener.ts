import type { CloseCode } from '../wire/close-codes.ts';

/** Receives the events of a WebSocket. */
export interface WebSocketListener {
  /** A text has arrived; `bytes` is its length in UTF-8. The listener may call `pause`. */
  message(text: string, bytes: number): void;
  /** The number of bytes that were read and are held has changed by `bytes`, which may be negative. */
  held(bytes: number): void;
  /** A ping or a pong has arrived. */
  alive(): void;
  /**
   * The client has ended the WebSocket: with a close frame, by breaking the protocol, or without a close frame (1006).
   * Called at most once, and not after `close`.
   */
  ended(how: CloseCode): void;
  /** The connection is gone. This is the last event. */
  closed(): void;
}
