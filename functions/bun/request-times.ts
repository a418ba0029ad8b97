import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long the parts of a request may take, in milliseconds. */
export interface RequestLimits {
  /** From the first byte of a request to the end of its head. */
  readonly headMs: number;
  /** From the end of the head to the end of the body. */
  readonly bodyMs: number;
  /** From an answer to the first byte of the next request. */
  readonly idleMs: number;
}

/** Those of `node:http`. */
const usual: RequestLimits = { headMs: 60_000, bodyMs: 300_000, idleMs: 5_000 };

/** What a connection does, and until when it may. */
interface Connection {
  until: number;
  isIdle: boolean;
  /** Requests that are not answered yet. */
  unanswered: number;
}

/**
 * Limits how long the requests of an HTTP server may take. Bun's `node:http` leaves connections without limits that it
 * has not accepted itself.
 */
export class RequestTimes {
  readonly #connections = new Map<Duplex, Connection>();
  readonly #server: Server;
  readonly #limits: RequestLimits;
  readonly #now: () => number;

  /** `now` is in milliseconds from an arbitrary start. */
  constructor(server: Server, now: () => number, limits: RequestLimits = usual) {
    this.#server = server;
    this.#now = now;
    this.#limits = limits;
    server.prependListener('request', (incoming, response) => this.#began(incoming, response));
    // A WebSocket has limits of its own.
    server.prependListener('upgrade', (_, stream: Duplex) => this.#connections.delete(stream));
  }

  /** Watches a connection, whose first request has begun. Its server must read it already. */
  watch(stream: Duplex): void {
    const connection = { until: this.#now() + this.#limits.headMs, isIdle: false, unanswered: 0 };
    this.#connections.set(stream, connection);
    stream.on('data', () => this.#read(connection));
    stream.once('close', () => this.#connections.delete(stream));
  }

  /** Ends the connections whose time is over: the idle ones without a word, and others with an answer. */
  check(): void {
    const now = this.#now();
    for (const [stream, { until, isIdle }] of this.#connections) {
      if (until > now) continue;
      if (isIdle) stream.destroy();
      else this.#server.emit('clientError', new RequestTimeout(), stream);
    }
  }

  #read(connection: Connection): void {
    if (!connection.isIdle) return;
    connection.isIdle = false;
    connection.until = this.#now() + this.#limits.headMs;
  }

  #began(incoming: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined) return;
    connection.unanswered += 1;
    if (hasBody(incoming)) {
      connection.until = this.#now() + this.#limits.bodyMs;
      incoming.once('end', () => {
        if (connection.unanswered > 0) connection.until = Number.POSITIVE_INFINITY;
      });
    } else connection.until = Number.POSITIVE_INFINITY;
    response.once('finish', () => this.#answered(connection));
  }

  #answered(connection: Connection): void {
    connection.unanswered -= 1;
    if (connection.unanswered > 0) return;
    connection.isIdle = true;
    connection.until = this.#now() + this.#limits.idleMs;
  }
}

/** RFC 9112 section 6.3: one of these headers says so. Who serves a request without a body need not read to its end. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** As `node:http` reports it. */
class RequestTimeout extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';

  constructor() {
    super('Request timeout');
  }
}
