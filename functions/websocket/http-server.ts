import {
  createServer,
  IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { NodeTransport, type Socket } from './node-transport.ts';
import type { RequestHead } from './request-head.ts';
import type { SimpleServer } from './simple-requests.ts';
import { Upgrade } from './upgrade.ts';
import { isWebSocketUpgrade } from './upgrade-check.ts';

/** How long a client has to read the answer to a malformed request, in milliseconds. */
const lingerMs = 2_000;

/** The handlers of what arrives, and their limits. */
export interface UpgradeServerOptions {
  /** The most bytes of a request's head. */
  readonly headBytes: number;
  upgrade(upgrade: Upgrade): void;
  /** Requests that ask for no WebSocket. */
  readonly request: RequestListener;
  /** Answers the simple ones among them. If not given, `request` gets them too. */
  readonly simple?: SimpleServer;
  /** Called before each write of ours to a connection, so that writes of one moment can be sent together. */
  readonly cork: (stream: Writable) => void;
  /** The whole answer to a request that can't be read. */
  errorResponse(error: RequestError): Uint8Array;
}

/** Why a request can't be read. */
export type RequestError = 'malformed' | 'headers_too_large' | 'timed_out';

/** A `node:http` server that begins with the bytes of connections that others have accepted. */
export interface HttpServer {
  /** Listens only where Node.js runs it. */
  readonly server: Server;
  /** Reads requests from a connection. */
  serve(connection: Duplex): void;
}

/**
 * Answers all requests but the upgrades that come first on their connection, and the simple requests before any other.
 * The server's own listeners of connections are removed, so that the caller decides which it serves.
 */
export function createHttpServer(options: UpgradeServerOptions): HttpServer {
  const pipeline = new Pipeline(options.request);
  const server = createServer(
    {
      IncomingMessage: PlainRequest,
      maxHeaderSize: options.headBytes,
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
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
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
  const serve = (connection: Duplex): void => {
    for (const listener of listeners) listener.call(server, connection);
    connection.resume();
  };
  return { server, serve };
}

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
