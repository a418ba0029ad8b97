import type { UpgradeServerOptions } from './http-server.ts';

/** Where a server listens, and for how many. */
export interface ListenOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly host: string;
  /** Connections beyond these are closed at once. */
  readonly maxConnections: number;
}

/** A server for clients and for calls of the HTTP API. Each runtime has its own. */
export interface ListeningServer {
  /** Resolves to the port. Rejects with an error that has a `code` if it can't listen, such as EADDRINUSE. */
  listen(options: ListenOptions): Promise<number>;
  /** Stops to listen. Connections stay open. */
  close(): void;
  /** Closes every connection that is no WebSocket. A WebSocket may be closed, too. */
  closeAllConnections(): void;
}

/** Creates a server, which does not listen yet. */
export type CreateServer = (options: UpgradeServerOptions) => ListeningServer;
