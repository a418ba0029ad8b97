/** Hears what happens on a connection to a server. */
export interface ClientTransportListener {
  /** The connection is established, over TLS if it is to be. */
  connected(): void;
  /** The server has sent these bytes, whose buffer may be reused afterwards. */
  data(bytes: Buffer): void;
  /** The server has sent its FIN. */
  ended(): void;
  /** Something went wrong, and `closed` follows. */
  failed(error: Error): void;
  /** What was written last did not leave, so that it may go over another connection. */
  unsent(): void;
  /** The connection is closed, or was never established. Nothing follows. */
  closed(): void;
}

/** A connection to a server. What is written before it is established leaves then. */
export interface ClientTransport {
  /** Whether more may be written. */
  readonly isWritable: boolean;
  /** Whether some of what was written waits on this side. */
  readonly hasUnsent: boolean;
  /** Sets who hears of it, before anything happens. */
  setListener(listener: ClientTransportListener): void;
  /** Writes a head in latin1, and a body in UTF-8. */
  write(head: string, body: string): void;
  /** Whether it keeps the process alive. It does at first. */
  ref(): void;
  unref(): void;
  /** Closes it in both directions. `closed` follows once its descriptor is free, which may take until it is established. */
  destroy(): void;
}

/** A server's host, without brackets, and its port. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Begins to connect over TCP. */
export type DialTcp = (address: ServerAddress) => ClientTransport;
