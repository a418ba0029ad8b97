import { isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { App, AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { AppConnection, type ConnectionOwner } from './app-connection.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { Exchange } from './exchange.ts';

/** What a header's value can't have on the wire. RFC 9110 section 5.5. */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;
/** What a request is for. RFC 9112 section 3.2. */
const target = /^\/[\x21-\xff]*$/;

/** How often connections are looked at that nobody uses, in milliseconds. */
const tidyMs = 1_000;

/** What is read goes through here, one connection at a time; whoever wants to keep it copies it. */
const shared = Buffer.allocUnsafe(65_536);

/**
 * The app over HTTP/1.1, on kept-alive connections of our own: as many as there are hooks under way, so that no hook
 * waits for another's. `origin` is the app's, `https://app.example`.
 */
export class NetApp implements App, ConnectionOwner {
  readonly #origin: string;
  readonly #url: URL;
  readonly #queues = new Map<number, DeadlineQueue>();
  readonly #connections = new Set<AppConnection>();
  /** The one that was used last is the next to be used, so that those beyond what is needed become old. */
  #idle: AppConnection[] = [];
  #session: Buffer | undefined;
  readonly #tidying: NodeJS.Timeout;
  #isStopped = false;

  constructor(origin: string) {
    this.#origin = origin;
    this.#url = new URL(origin);
    this.#tidying = setInterval(() => this.#tidy(), tidyMs);
    this.#tidying.unref();
  }

  post(request: AppRequest): Promise<AppResponse> {
    return new Promise((resolve) => {
      const why = this.#isStopped ? 'stopped' : unsendable(request, this.#target(request));
      if (why !== undefined) return resolve({ kind: 'unreachable', why });
      this.#send(new Exchange(request, this.#deadlines(request.timeoutMs), resolve), this.#takeIdle());
    });
  }

  /** Ends every connection; hooks under way come back as broken. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#tidying);
    for (const connection of this.#connections) connection.destroy();
  }

  idle(connection: AppConnection): void {
    this.#idle.push(connection);
  }

  gone(connection: AppConnection): void {
    this.#connections.delete(connection);
  }

  /** A hook is known by its id, so it may come twice; the second time on a connection that can't be old. */
  stale(exchange: Exchange): void {
    exchange.isRepeated = true;
    if (this.#isStopped) exchange.fail({ kind: 'broken', why: 'stopped' });
    else this.#send(exchange, undefined);
  }

  #send(exchange: Exchange, connection = this.#open()): void {
    const { headers, body } = exchange.request;
    const bytes = Buffer.byteLength(body);
    const host = this.#url.host;
    let head = `POST ${this.#target(exchange.request)} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    connection.carry(exchange, `${head}content-length: ${bytes}\r\n\r\n`, body, bytes === body.length);
  }

  /** As it is: a URL object would write some of its characters in another way. */
  #target({ url }: AppRequest): string {
    return url.slice(this.#origin.length);
  }

  #takeIdle(): AppConnection | undefined {
    const now = Date.now();
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.isUsable(now)) return last;
      last.destroy();
    }
    return undefined;
  }

  #tidy(): void {
    const now = Date.now();
    const old = this.#idle.filter((connection) => !connection.isUsable(now));
    if (old.length === 0) return;
    this.#idle = this.#idle.filter((connection) => connection.isUsable(now));
    for (const connection of old) connection.destroy();
  }

  #open(): AppConnection {
    const isTls = this.#url.protocol === 'https:';
    const take = (bytes: Buffer): void => connection.take(bytes);
    const socket = isTls ? this.#openTls(take) : this.#openTcp(take);
    const connection = new AppConnection(socket, isTls ? 'secureConnect' : 'connect', this);
    this.#connections.add(connection);
    return connection;
  }

  #openTcp(take: (bytes: Buffer) => void): Socket {
    const callback = (bytes: number): true => {
      take(shared.subarray(0, bytes));
      return true;
    };
    return netConnect({ ...this.#address(80), noDelay: true, onread: { buffer: shared, callback } });
  }

  #openTls(take: (bytes: Buffer) => void): Socket {
    const address = this.#address(443);
    // RFC 6066 section 3: an address is no server name.
    const name = isIP(address.host) === 0 ? { servername: address.host } : {};
    const session = this.#session === undefined ? {} : { session: this.#session };
    const socket = tlsConnect({ ...address, ...name, ...session, ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay(true);
    socket.on('session', (given: Buffer) => {
      this.#session = given;
    });
    socket.on('data', take);
    return socket;
  }

  #address(usual: number): { readonly host: string; readonly port: number } {
    const { hostname, port } = this.#url;
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
  }

  /** Hooks have one time-out, or very few. */
  #deadlines(timeoutMs: number): DeadlineQueue {
    const known = this.#queues.get(timeoutMs);
    if (known !== undefined) return known;
    const queue = new DeadlineQueue(timeoutMs);
    this.#queues.set(timeoutMs, queue);
    return queue;
  }
}

/** Why a request can't be sent; undefined if it can. */
function unsendable({ headers }: AppRequest, path: string): string | undefined {
  if (!target.test(path)) return 'ERR_INVALID_URL';
  for (const name in headers) if (unwritable.test(headers[name] ?? '')) return 'ERR_INVALID_CHAR';
  return undefined;
}
