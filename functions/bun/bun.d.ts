/** Bun's own API, as much of it as this room uses. https://bun.com/docs/api/tcp */
declare namespace Bun {
  /** A TCP connection. */
  interface Socket<Data> {
    data: Data;
    /** Undefined once it is closed. */
    readonly remoteAddress: string | undefined;
    /** Returns how many bytes the system took; the caller keeps the others. -1 if the connection is closed. A string is
     *  written in UTF-8. */
    write(bytes: Uint8Array | string): number;
    /** Closes the connection, in both directions. The event `close` comes before this returns. */
    end(): void;
    /** Sends a FIN, and goes on reading. */
    shutdown(): void;
    pause(): void;
    resume(): void;
    /** Whether it keeps the process alive. It does at first. */
    ref(): void;
    unref(): void;
    setNoDelay(isSet: boolean): void;
    setKeepAlive(isSet: boolean, initialDelayMs: number): void;
  }

  /** The events of the connections of a listener. */
  interface SocketHandler<Data> {
    open(socket: Socket<Data>): void;
    /** The bytes are the receiver's own. */
    data(socket: Socket<Data>, bytes: Buffer): void;
    /** The other side has sent its FIN. */
    end(socket: Socket<Data>): void;
    /** The system takes bytes again. It also comes when nothing was refused. */
    drain(socket: Socket<Data>): void;
    close(socket: Socket<Data>): void;
    /** A handler has thrown. */
    error(socket: Socket<Data>, error: unknown): void;
  }

  /** The events of a connection to a server. */
  interface ClientHandler<Data> extends Omit<SocketHandler<Data>, 'close'> {
    /** The error says why, if the other side did not simply close it. */
    close(socket: Socket<Data>, error?: Error): void;
    /** It could not be established. The promise of `connect` rejects too. */
    connectError(socket: Socket<Data>, error: Error): void;
  }

  /** Connects to a server. */
  function connect<Data>(options: {
    readonly hostname: string;
    readonly port: number;
    readonly allowHalfOpen: boolean;
    readonly data: Data;
    readonly socket: ClientHandler<Data>;
  }): Promise<Socket<Data>>;

  /** A port on which connections arrive. */
  interface Listener {
    readonly port: number;
    /** Stops to listen, and closes all connections if told to. */
    stop(closesConnections: boolean): void;
  }

  /** Collects garbage, before it returns if told to. */
  function gc(isAtOnce: boolean): void;

  /** Throws an error with a `code`, such as EADDRINUSE, if it can't listen. */
  function listen<Data>(options: {
    readonly hostname: string;
    readonly port: number;
    /** Whether a connection stays open when the other side has sent its FIN. */
    readonly allowHalfOpen: boolean;
    readonly socket: SocketHandler<Data>;
  }): Listener;
}
