import type { Duplex } from 'node:stream';

/** A TCP connection, reduced to what a WebSocket needs, so that each runtime can supply its own. */
export interface Transport {
  /** The address of the other side. */
  readonly peer: string;
  /** How many written bytes have not left yet. */
  readonly unsent: number;
  /** Sets the listener that receives all further events. */
  setListener(listener: TransportListener): void;
  write(bytes: Uint8Array): void;
  /** Writes text in latin1. */
  writeText(text: string): void;
  /** Stops reading for now. Bytes that were already read may still arrive. */
  pause(): void;
  resume(): void;
  /** Sends a FIN after what was written. Keeps reading what the other side still sends. */
  end(): void;
  /** Closes the connection at once, in both directions. */
  destroy(): void;
}

/** A transport whose connection can go on to another reader. */
export interface Arrival extends Transport {
  /** Lets go of the connection, with what was read put back in front, so that another reader starts from the beginning. */
  release(read: Buffer): Duplex;
}

/** Receives the events of a TCP connection. */
export interface TransportListener {
  /** Bytes that were read. The listener may overwrite them, and must copy what it keeps. */
  data(bytes: Buffer): void;
  /** The other side has sent its FIN. */
  ended(): void;
  /** The backlog of written bytes has left. */
  drained(): void;
  /** The connection is closed in both directions. */
  closed(): void;
}
