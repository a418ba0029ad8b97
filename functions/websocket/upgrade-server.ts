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

/** How long the first request of a connection may take to show what it is, in milliseconds, as with `node:http`. */
const firstRequestMs = 60_000;
/** How often that is looked at. */
const tidyMs = 1_000;
/** How long a client has to read why its request can't be read, in milliseconds. */
const lingerMs = 2_000;

/** What is done with what comes in. */
export interface UpgradeServerOptions {
  /** The most bytes of a request's head. */
  readonly headBytes: number;
  upgrade(upgrade: Upgrade): void;
  /** Requests that ask for no WebSocket. */
  readonly request: RequestListener;
  /** Called before something is written to a WebSocket, to let what is written together leave together. */
  readonly cork: (stream: Writable) => void;
  /** The answer to a request that can't be read, all of it. */
  errorResponse(error: RequestError): Uint8Array;
}

/** Why a request can't be read. */
export type RequestError = 'malformed' | 'headers_too_large' | 'timed_out';

/**
 * An HTTP server whose upgrades to WebSockets are ours: `node:http` never sees them, so that no stream and no header list
 * of its own stands between a client's bytes and what they mean. Any other request goes to it with its bytes untouched.
 */
export function createUpgradeServer(options: UpgradeServerOptions): Server {
  const { headBytes, request } = options;
  const pipeline = new Pipeline(request);
  const server = createServer(
    {
      IncomingMessage: PlainRequest,
      maxHeaderSize: headBytes,
      // Node.js says nothing of what is missing; whoever answers does.
      requireHostHeader: false,
      // A peer that vanished without a word is found out by TCP.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    },
    (incoming, response) => pipeline.request(incoming, response),
  );
  // Header lists are whole or refused by their bytes, never cut.
  server.maxHeadersCount = 0;
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  const arrivals = new Arrivals(options, (socket) => {
    for (const listener of serve) listener.call(server, socket);
    socket.resume();
  });
  server.on('connection', (socket) => arrivals.take(socket));
  // A WebSocket on a connection that has served other requests, as proxies keep them.
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

/** Connections whose first request is not known yet. */
class Arrivals {
  readonly #options: UpgradeServerOptions;
  readonly #other: (socket: Socket) => void;
  /** In the order in which they came, with the time at which they have to have shown what they want. */
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

/** The requests of `node:http`, and which of them is the last of its connection. */
class Pipeline {
  readonly #request: RequestListener;
  readonly #last = new WeakMap<Duplex, ServerResponse>();
  readonly #failed = new WeakSet<Duplex>();

  constructor(request: RequestListener) {
    this.#request = request;
  }

  request(incoming: IncomingMessage, response: ServerResponse): void {
    this.#last.set(incoming.socket, response);
    // Of what was sent behind such a request Node.js loses some, so its client has to see that nothing more is answered.
    if (incoming.headers.upgrade !== undefined || incoming.method === 'CONNECT')
      response.shouldKeepAlive = false;
    this.#request(incoming, response);
  }

  /** Answers a request that can't be read, unless an answer is under way, and ends its connection. */
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

  /** Answers have the order of their requests: RFC 9112 section 9.3.2. */
  whenAnswered(socket: Duplex, then: () => void): void {
    const last = this.#last.get(socket);
    if (last === undefined || last.writableFinished) then();
    else last.once('finish', then);
  }
}

/**
 * A request that offers another protocol than WebSocket, such as `h2c`, is one like any other, and so is one for a
 * tunnel: RFC 9110 section 7.8 lets a server ignore the offer, and Node.js asks this property whether to.
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

/** The head of a request that Node.js has read. */
export function headOf({
  method = '',
  url = '',
  httpVersionMinor,
  rawHeaders,
}: IncomingMessage): RequestHead {
  return { method, target: url, isNew: httpVersionMinor > 0, fields: rawHeaders };
}
