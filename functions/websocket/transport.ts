/** A TCP connection, with no more to it than a WebSocket needs, so that each runtime can bring its own. */
export interface Transport {
  /** The address of the other side. */
  readonly peer: string;
  /** Bytes that were written and have not left yet. */
  readonly unsent: number;
  /** Who hears of it from now on. */
  setListener(listener: TransportListener): void;
  write(bytes: Uint8Array): void;
  /** Writes text of latin1. */
  writeText(text: string): void;
  /** Reads nothing more for now; what had been read may still come. */
  pause(): void;
  resume(): void;
  /** Sends a FIN behind what was written; what the other side still sends is read. */
  end(): void;
  /** Ends it at once, in both directions. */
  destroy(): void;
}

/** Who hears of a TCP connection. */
export interface TransportListener {
  /** Bytes that were read; they may be written over, and who keeps them copies them. */
  data(bytes: Buffer): void;
  /** The other side has sent its FIN. */
  ended(): void;
  /** What was written has left, after more of it waited than the system takes at once. */
  drained(): void;
  /** It is over, in both directions. */
  closed(): void;
}
