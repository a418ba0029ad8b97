import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import type { ClientTransport, DialTcp, ServerAddress } from './client-transport.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { type Cork, NodeClientTransport } from './node-client-transport.ts';

/** The trusted certificates, shared by all connections: loading them costs nearly as much as a handshake. */
let trusted: SecureContext | undefined;

/** How connections are opened. */
export interface Dialing {
  /** How long connecting may take, TLS included, in milliseconds. */
  readonly connectMs: number;
  readonly cork: Cork;
  /** Connects over TCP. That of Node.js if not given. */
  readonly dialTcp: DialTcp | undefined;
}

/** Opens connections to one server, over TLS if its URL says so. */
export class Dialer {
  readonly #url: URL;
  readonly #dialing: Dialing;
  #session: Buffer | undefined;

  constructor(url: URL, dialing: Dialing) {
    this.#url = url;
    this.#dialing = dialing;
  }

  /** Starts to connect. The owner is notified of the result. */
  dial(owner: ConnectionOwner): Connection {
    const isTls = this.#url.protocol === 'https:';
    const transport = isTls ? this.#openTls(() => connection.unsent()) : this.#openTcp();
    const connection = new Connection(transport, owner, this.#dialing.connectMs);
    return connection;
  }

  #openTcp(): ClientTransport {
    const { cork, dialTcp } = this.#dialing;
    const address = this.#address(80);
    return dialTcp === undefined ? NodeClientTransport.dialTcp(address, cork) : dialTcp(address);
  }

  #openTls(refused: () => void): ClientTransport {
    const address = this.#address(443);
    // RFC 6066 section 3: an IP address is not allowed as a server name.
    const name = isIP(address.host) === 0 ? { servername: address.host } : {};
    const offered = this.#session;
    const session = offered === undefined ? {} : { session: offered };
    trusted ??= createSecureContext();
    const options = { ...address, ...name, ...session, secureContext: trusted };
    const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay(true);
    socket.on('session', (given: Buffer) => {
      this.#session = given;
    });
    const transport = new NodeClientTransport(socket, 'secureConnect', this.#dialing.cork);
    socket.on('data', (bytes: Buffer) => transport.take(bytes));
    // A server may refuse a session that it issued. Nothing has been sent yet, so the request can go without the
    // session.
    const forget = (): void => {
      if (offered === undefined) return;
      if (this.#session === offered) this.#session = undefined;
      refused();
    };
    socket.once('error', forget).once('secureConnect', () => socket.off('error', forget));
    return transport;
  }

  #address(usual: number): ServerAddress {
    const { hostname, port } = this.#url;
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
  }
}
