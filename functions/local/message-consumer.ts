/** A piece of work. */
export type Job = () => Promise<void>;

/** A message whose turn has come. */
export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
}

/** Takes the messages of a queue. */
export interface MessageConsumer {
  /** Relays the next message. The one behind it waits until this is done. */
  relay(message: QueuedMessage): Promise<unknown>;
  /** Deals with an error of `relay`. Returns false if it is a fault. Must not throw. */
  failed(error: unknown): boolean;
  /** Its backlog has become smaller, since a message of it is kept elsewhere. */
  shrunk(): void;
  /**
   * Nothing more of it can be taken: all backlogs together are too large, and this is the largest, or the store is
   * full.
   */
  shed(): void;
}
