import { isIP, connect as netConnect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../gateway/ports.ts';
import { fault, ok, type Result } from '../wire/result.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Carried } from './exchange.ts';
import { writeFields } from './fields.ts';

/** What a request is for: visible ASCII, and no fragment. RFC 9112 section 3.2. */
const writableTarget = /^\/[!"$-~]*$/;

/** How often connections are looked at that nobody uses, in milliseconds. */
const tidyMs = 1_000;

/** What is read goes through here, one connection at a time; whoever wants to keep it copies it. */
const shared = Buffer.allocUnsafe(65_536);

/** What is trusted, for all connections: made for each, it costs nearly as much as a handshake. */
let trusted: SecureContext | undefined;

/** An exchange, and the head of its request as it stands on the wire, in latin1. */
interface Sendable {
  readonly exchange: Carried;
  readonly head: string;
}

/** How connections to a server are had. */
export interface ConnectionLimits {
  /** The most at a time; what is more waits. */
  readonly most: number;
  /** How many are opened at a time; what needs one waits meanwhile for any that stands. */
  readonly opening: number;
  /** Until a new one stands, with TLS, in milliseconds. */
  readonly connectMs: number;
}

const unlimited: ConnectionLimits = {
  most: Number.POSITIVE_INFINITY,
  opening: Number.POSITIVE_INFINITY,
  connectMs: Number.POSITIVE_INFINITY,
};

/**
 * One server, `https://app.example`, by kept-alive connections of HTTP/1.1, which are ours: those of Node.js and of
 * others cost several times as much for each request.
 */
export class Origin implements ConnectionOwner {
  readonly now: () => number;
  readonly #url: URL;
  readonly #host: string;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Set<Connection>();
  /** The one that was used last is the next to be used, so that those beyond what is needed become old. */
  #idle: Connection[] = [];
  readonly #waiting: Sendable[] = [];
  /** How many of them do not stand yet. */
  #opening = 0;
  #session: Buffer | undefined;
  #tidying: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(url: URL, clock: Pick<Clock, 'now'>, limits: Partial<ConnectionLimits> = {}) {
    this.#url = url;
    this.#host = url.host;
    this.now = () => clock.now();
    this.#limits = { ...unlimited, ...limits };
  }

  /** Makes the request of an exchange. One that can't stand on the wire fails as unreachable, and nothing is sent. */
  send(exchange: Carried): void {
    const head: Result<string, string> = this.#isStopped ? fault('stopped') : this.#headOf(exchange);
    if (head.ok) this.#carry({ exchange, head: head.value }, this.#takeIdle());
    else exchange.fail({ kind: 'unreachable', why: head.fault });
  }

  /** Ends every connection; requests under way come back as broken. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#tidying);
    for (const connection of this.#connections) connection.destroy('stopped');
    for (const { exchange } of this.#waiting.splice(0))
      exchange.fail({ kind: 'unreachable', why: 'stopped' });
  }

  stands(): void {
    this.#opening -= 1;
    this.#openMore();
  }

  idle(connection: Connection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) {
      this.#carry(next, connection);
      return;
    }
    this.#idle.push(connection);
    this.#tidying ??= setInterval(() => this.#tidy(), tidyMs).unref();
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    if (!connection.isConnected) this.#opening -= 1;
    this.#openMore();
  }

  repeat(exchange: Carried, isOld: boolean): void {
    exchange.isRepeated = true;
    // What else was kept may be as old.
    if (isOld) this.#dropIdle();
    if (this.#isStopped) exchange.fail({ kind: 'broken', why: 'stopped' });
    else this.send(exchange);
  }

  #headOf({ request }: Carried): Result<string, string> {
    const { method, target, fields, headers, body } = request;
    if (!writableTarget.test(target)) return fault('ERR_INVALID_URL');
    const own = writeFields(headers);
    if (!own.ok) return own;
    const first = `${method} ${target} HTTP/1.1\r\nhost: ${this.#host}\r\nconnection: keep-alive\r\n`;
    const length = `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return ok(first + (fields?.lines ?? '') + own.value + length);
  }

  #carry(sendable: Sendable, connection: Connection | undefined): void {
    const { exchange, head } = sendable;
    let carrier = connection;
    try {
      carrier ??= this.#open();
    } catch (error) {
      exchange.fail({ kind: 'unreachable', why: String(error) });
      return;
    }
    if (carrier !== undefined) carrier.carry(exchange, head);
    else if (exchange.isRepeated) this.#waiting.unshift(sendable);
    else this.#waiting.push(sendable);
  }

  /** Opens another one if something waits for it. */
  #openMore(): void {
    if (this.#isStopped || !this.#mayOpen()) return;
    const next = this.#nextWaiting();
    if (next !== undefined) this.#carry(next, undefined);
  }

  #mayOpen(): boolean {
    return this.#connections.size < this.#limits.most && this.#opening < this.#limits.opening;
  }

  #nextWaiting(): Sendable | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { exchange } = next;
      if (!exchange.isSettled && !exchange.isLate) return next;
      exchange.fail({ kind: 'unreachable', why: 'ETIMEDOUT' });
    }
    return undefined;
  }

  #takeIdle(): Connection | undefined {
    const now = this.now();
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.isUsable(now)) return last;
      last.destroy();
    }
    return undefined;
  }

  #tidy(): void {
    const now = this.now();
    const old = this.#idle.filter((connection) => !connection.isUsable(now));
    if (old.length > 0) this.#idle = this.#idle.filter((connection) => connection.isUsable(now));
    for (const connection of old) connection.destroy();
    if (this.#idle.length > 0) return;
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }

  #dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** A new connection, unless there are as many as there may be. */
  #open(): Connection | undefined {
    if (!this.#mayOpen()) return undefined;
    const isTls = this.#isTls;
    const take = (bytes: Buffer): void => connection.take(bytes);
    const socket = isTls ? this.#openTls(take, () => connection.unsent()) : this.#openTcp(take);
    const connection = new Connection(socket, isTls ? 'secureConnect' : 'connect', this);
    this.#connections.add(connection);
    this.#opening += 1;
    this.#limit(socket, connection);
    return connection;
  }

  #limit(socket: Socket, connection: Connection): void {
    if (!Number.isFinite(this.#limits.connectMs)) return;
    const giveUp = (): void => {
      if (!connection.isConnected) connection.giveUp();
    };
    // A turn later: when we had no CPU for so long, the connection may stand, and we have not heard of it.
    const timer = setTimeout(() => setImmediate(giveUp), this.#limits.connectMs);
    const done = (): void => clearTimeout(timer);
    socket
      .once('secureConnect', done)
      .once('connect', () => this.#isTls || done())
      .once('close', done);
  }

  #openTcp(take: (bytes: Buffer) => void): Socket {
    const callback = (bytes: number): true => {
      take(shared.subarray(0, bytes));
      return true;
    };
    return netConnect({ ...this.#address(80), noDelay: true, onread: { buffer: shared, callback } });
  }

  #openTls(take: (bytes: Buffer) => void, refused: () => void): Socket {
    const address = this.#address(443);
    // RFC 6066 section 3: an address is no server name.
    const name = isIP(address.host) === 0 ? { servername: address.host } : {};
    const offered = this.#session;
    const session = offered === undefined ? {} : { session: offered };
    trusted ??= createSecureContext();
    const options = { ...address, ...name, ...session, secureContext: trusted };
    const socket = tlsConnect({ ...options, ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay(true);
    socket.on('session', (given: Buffer) => {
      this.#session = given;
    });
    socket.on('data', take);
    // A server may refuse a session that it gave: without it we are strangers, and nothing was sent yet.
    const forget = (): void => {
      if (offered === undefined) return;
      if (this.#session === offered) this.#session = undefined;
      refused();
    };
    socket.once('error', forget).once('secureConnect', () => socket.off('error', forget));
    return socket;
  }

  get #isTls(): boolean {
    return this.#url.protocol === 'https:';
  }

  #address(usual: number): { readonly host: string; readonly port: number } {
    const { hostname, port } = this.#url;
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
  }
}
