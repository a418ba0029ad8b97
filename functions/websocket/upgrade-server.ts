import {
  createServer,
  IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import { NodeTransport } from './node-transport.ts';
import type { RequestHead } from './request-head.ts';
import { RequestReader } from './request-reader.ts';
import { Upgrade } from './upgrade.ts';
import { isWebSocketUpgrade } from './upgrade-check.ts';

/** How long the first request of a connection may take to show its kind, in milliseconds, as in `node:http`. */
const firstRequestMs = 60_000;
/** How often that is checked, in milliseconds. */
const tidyMs = 1_000;
/** How long a client has to read the answer to a malformed request, in milliseconds. */
const lingerMs = 2_000;

/** The handlers of what arrives, and their limits. */
export interface UpgradeServerOptions {
  /** The most bytes of a request's head. */
  readonly headBytes: number;
  upgrade(upgrade: Upgrade): void;
  /** Requests that ask for no WebSocket. */
  readonly request: RequestListener;
  /** Called before each write to a WebSocket, so that writes of one moment can be sent together. */
  readonly cork: (stream: Writable) => void;
  /** The whole answer to a request that can't be read. */
  errorResponse(error: RequestError): Uint8Array;
}

/** Why a request can't be read. */
export type RequestError = 'malformed' | 'headers_too_large' | 'timed_out';

/**
 * An HTTP server that reads WebSocket upgrades itself. `node:http` never sees them, so its streams and header lists do
 * not stand between a client's bytes and their meaning. Any other request goes to `node:http` with its bytes untouched.
 */
export function createUpgradeServer(options: UpgradeServerOptions): Server {
  const { headBytes, request } = options;
  const pipeline = new Pipeline(request);
  const server = createServer(
    {
      IncomingMessage: PlainRequest,
      maxHeaderSize: headBytes,
      // The answer of Node.js does not say that Host is missing; ours does.
      requireHostHeader: false,
      // TCP keep-alive detects a peer that vanished.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    },
    (incoming, response) => pipeline.request(incoming, response),
  );
  // A header list is read whole or rejected by its size, never cut.
  server.maxHeadersCount = 0;
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  const arrivals = new Arrivals(options, (socket) => {
    for (const listener of serve) listener.call(server, socket);
    socket.resume();
  });
  server.on('connection', (socket) => arrivals.take(socket));
  // A WebSocket on a connection that has served other requests, as proxies reuse them.
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, early: Buffer) => {
    const transport = new NodeTransport(socket, options.cork);
    transport.pause();
    pipeline.whenAnswered(socket, () => {
      if (socket.destroyed) return;
      options.upgrade(new Upgrade(transport, headOf(incoming), early));
      transport.resume();
    });
  });
  server.on('clientError', (error, socket) =>
    pipeline.fail(socket, (error) => options.errorResponse(error), error),
  );
  const closeOthers = server.closeAllConnections;
  server.closeAllConnections = () => {
    arrivals.stop();
    closeOthers.call(server);
  };
  server.on('close', () => arrivals.stop());
  return server;
}

/** Connections whose first request has not been read yet. */
class Arrivals {
  readonly #options: UpgradeServerOptions;
  readonly #other: (socket: Socket) => void;
  /** In the order of arrival, with the time by which each must have shown its kind. */
  readonly #waiting = new Map<NodeTransport, number>();
  readonly #tidying: NodeJS.Timeout;

  constructor(options: UpgradeServerOptions, other: (socket: Socket) => void) {
    this.#options = options;
    this.#other = other;
    this.#tidying = setInterval(() => this.#tidy(), tidyMs).unref();
  }

  take(socket: Socket): void {
    const transport = new NodeTransport(socket, this.#options.cork);
    this.#waiting.set(transport, performance.now() + firstRequestMs);
    const known = (): boolean => this.#waiting.delete(transport);
    const first = {
      upgrade: (head: RequestHead, early: Buffer): void => {
        known();
        this.#options.upgrade(new Upgrade(transport, head, early));
      },
      other: (read: Buffer): void => {
        known();
        this.#other(transport.release(read));
      },
      tooLarge: (): void => {
        known();
        this.#refuse(transport, 'headers_too_large');
      },
      gone: (): void => {
        known();
        transport.destroy();
      },
    };
    transport.setListener(new RequestReader(first, this.#options.headBytes));
  }

  stop(): void {
    clearInterval(this.#tidying);
    for (const transport of this.#waiting.keys()) transport.destroy();
    this.#waiting.clear();
  }

  #refuse(transport: NodeTransport, error: RequestError): void {
    new Upgrade(transport, noHead, nothing).refuse(this.#options.errorResponse(error));
  }

  #tidy(): void {
    const now = performance.now();
    for (const [transport, until] of this.#waiting) {
      if (until > now) break;
      this.#waiting.delete(transport);
      this.#refuse(transport, 'timed_out');
    }
  }
}

const noHead: RequestHead = { method: '', target: '', isNew: true, fields: [] };
const nothing = Buffer.alloc(0);

/** The requests of `node:http`, with the latest one of each connection. */
class Pipeline {
  readonly #request: RequestListener;
  readonly #last = new WeakMap<Duplex, ServerResponse>();
  readonly #failed = new WeakSet<Duplex>();

  constructor(request: RequestListener) {
    this.#request = request;
  }

  request(incoming: IncomingMessage, response: ServerResponse): void {
    this.#last.set(incoming.socket, response);
    // Node.js loses part of the bytes behind such a request, so the client must see that no more requests are answered.
    if (incoming.headers.upgrade !== undefined || incoming.method === 'CONNECT')
      response.shouldKeepAlive = false;
    this.#request(incoming, response);
  }

  /** Answers a request that can't be read, unless an answer is being sent, and ends its connection. */
  fail(socket: Duplex, answerTo: (error: RequestError) => Uint8Array, error: Error): void {
    if (this.#failed.has(socket)) return;
    this.#failed.add(socket);
    const last = this.#last.get(socket);
    const isAnswering = last?.headersSent === true && !last.writableFinished;
    if (!socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    socket.end(answerTo(requestErrorOf(error)));
    const linger = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(linger));
  }

  /** Waits for the answers before: RFC 9112 section 9.3.2, answers have the order of their requests. */
  whenAnswered(socket: Duplex, then: () => void): void {
    const last = this.#last.get(socket);
    if (last === undefined || last.writableFinished) then();
    else last.once('finish', then);
  }
}

/**
 * Treats a request that offers a protocol other than WebSocket, such as `h2c`, as an ordinary request, and a request for
 * a tunnel as well. RFC 9110 section 7.8 lets a server ignore the offer, and Node.js reads this property to decide.
 */
class PlainRequest extends IncomingMessage {
  declare offers?: unknown;

  get upgrade(): boolean {
    return this.offers === true && this.method !== 'CONNECT' && isWebSocketUpgrade(headOf(this));
  }

  set upgrade(offers: unknown) {
    this.offers = offers;
  }
}

function requestErrorOf(error: Error): RequestError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timed_out' : 'malformed';
}

/** The head of a request that Node.js has parsed. */
export function headOf({
  method = '',
  url = '',
  httpVersionMinor,
  rawHeaders,
}: IncomingMessage): RequestHead {
  return { method, target: url, isNew: httpVersionMinor > 0, fields: rawHeaders };
}
