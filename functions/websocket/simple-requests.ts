import { SimpleConnection, type SimpleOwner } from './simple-connection.ts';
import { readSimpleRequest, type SimpleRequest } from './simple-request.ts';
import type { Arrival } from './transport.ts';

/** Answers simple requests. */
export interface SimpleServer {
  /** Whether requests for this target are answered. */
  serves(target: string): boolean;
  /** The whole answer to a request, whose connection stays open. Never rejects. */
  answer(request: SimpleRequest): Promise<Uint8Array>;
}

/** How often it is checked whether connections have waited for too long, in milliseconds. */
const tidyMs = 1_000;

/** Who takes what is not simple. */
export interface OtherServer {
  /** Gets a connection with a request that is not simple, and what was read of it. */
  serve(transport: Arrival, read: Buffer): void;
  /** Refuses a request of which no more will come, and ends its connection. */
  refuse(transport: Arrival): void;
}

/**
 * Connections whose requests have all been simple. `node:http` takes several times as long for a request. As soon as one
 * is not simple, its connection goes to the other server for good, with its bytes untouched.
 */
export class SimpleRequests implements SimpleOwner {
  readonly #server: SimpleServer;
  readonly #headBytes: number;
  readonly #other: OtherServer;
  readonly #now: () => number;
  readonly #connections = new Set<SimpleConnection>();
  #tidying: NodeJS.Timeout | undefined;

  /** `now` is in milliseconds from an arbitrary start. */
  constructor(
    server: SimpleServer,
    headBytes: number,
    other: OtherServer,
    now = (): number => performance.now(),
  ) {
    this.#server = server;
    this.#headBytes = headBytes;
    this.#other = other;
    this.#now = now;
  }

  /** How many connections it has. */
  get size(): number {
    return this.#connections.size;
  }

  get now(): number {
    return this.#now();
  }

  /** Takes a connection, with what was read. */
  take(transport: Arrival, read: Buffer): void {
    const connection = new SimpleConnection(transport, this);
    this.#connections.add(connection);
    this.#tidying ??= setInterval(() => this.tidy(), tidyMs).unref();
    transport.setListener(connection);
    connection.data(read);
  }

  read(bytes: Buffer): SimpleRequest | 'more' | undefined {
    return readSimpleRequest(bytes, this.#headBytes, (target) => this.#server.serves(target));
  }

  answer(request: SimpleRequest): Promise<Uint8Array> {
    return this.#server.answer(request);
  }

  handOver(connection: SimpleConnection, read: Buffer): void {
    this.forget(connection);
    this.#other.serve(connection.transport, read);
  }

  refuse(connection: SimpleConnection): void {
    this.forget(connection);
    this.#other.refuse(connection.transport);
  }

  forget(connection: SimpleConnection): void {
    this.#connections.delete(connection);
  }

  /** Ends all connections. */
  stop(): void {
    for (const connection of this.#connections) connection.destroy();
    this.tidy();
  }

  /** Looks for connections that have waited for too long. */
  tidy(): void {
    const now = this.#now();
    for (const connection of this.#connections) connection.tidy(now);
    if (this.#connections.size > 0) return;
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }
}
