import { isIP, connect as netConnect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';
import { Connection, type ConnectionOwner } from './connection.ts';

/** The buffer into which all connections read, one at a time. To keep bytes, copy them. */
const shared = Buffer.allocUnsafe(65_536);

/** The trusted certificates, shared by all connections: loading them costs nearly as much as a handshake. */
let trusted: SecureContext | undefined;

/** Opens connections to one server, over TLS if its URL says so. */
export class Dialer {
  readonly #url: URL;
  readonly #connectMs: number;
  #session: Buffer | undefined;

  /** `connectMs` is how long connecting may take, TLS included, in milliseconds. */
  constructor(url: URL, connectMs: number) {
    this.#url = url;
    this.#connectMs = connectMs;
  }

  /** Starts to connect. The owner is notified of the result. */
  dial(owner: ConnectionOwner): Connection {
    const isTls = this.#url.protocol === 'https:';
    const take = (bytes: Buffer): void => connection.take(bytes);
    const socket = isTls ? this.#openTls(take, () => connection.unsent()) : this.#openTcp(take);
    const connection = new Connection(socket, isTls ? 'secureConnect' : 'connect', owner);
    this.#limit(socket, connection);
    return connection;
  }

  #limit(socket: Socket, connection: Connection): void {
    if (!Number.isFinite(this.#connectMs)) return;
    const giveUp = (): void => {
      if (!connection.wasConnected) connection.giveUp();
    };
    // Wait one more turn: if this process got no CPU for a while, the event that says "connected" may still be queued.
    const timer = setTimeout(() => setImmediate(giveUp), this.#connectMs);
    const done = (): void => clearTimeout(timer);
    const ready = this.#url.protocol === 'https:' ? 'secureConnect' : 'connect';
    socket.once(ready, done).once('close', done);
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
    // RFC 6066 section 3: an IP address is not allowed as a server name.
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
    // A server may refuse a session that it issued. Nothing has been sent yet, so the request can go without the
    // session.
    const forget = (): void => {
      if (offered === undefined) return;
      if (this.#session === offered) this.#session = undefined;
      refused();
    };
    socket.once('error', forget).once('secureConnect', () => socket.off('error', forget));
    return socket;
  }

  #address(usual: number): { readonly host: string; readonly port: number } {
    const { hostname, port } = this.#url;
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
  }
}
