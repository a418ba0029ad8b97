import { GatheredBytes } from '../wire/gathered-bytes.ts';
import type { RequestHead } from './request-head.ts';
import type { Transport, TransportListener } from './transport.ts';
import { acceptOf } from './upgrade-check.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

/** How long a refused client has to close its connection, in milliseconds. */
const lingerMs = 2_000;
/** How many bytes are read from a client that is not in yet. RFC 6455 section 4.1 tells it to wait. */
const maxEarlyBytes = 65_536;

/**
 * A client that asks for a WebSocket and waits for the answer. It is accepted or refused once. If it hangs up before,
 * its connection is closed at once.
 */
export class Upgrade implements TransportListener {
  readonly head: RequestHead;
  readonly #transport: Transport;
  readonly #early = new GatheredBytes();
  #hasLeft = false;
  #isRefused = false;
  #linger: NodeJS.Timeout | undefined;

  /** `early` holds the bytes that arrived after the head. */
  constructor(transport: Transport, head: RequestHead, early: Buffer) {
    this.head = head;
    this.#transport = transport;
    transport.setListener(this);
    if (early.length > 0) this.data(early);
  }

  /** The address of the connection. */
  get peer(): string {
    return this.#transport.peer;
  }

  /** Whether the client has hung up. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /**
   * Accepts the client (RFC 6455 section 4.2.2), unless it has left. The caller has to start the connection. `maxBytes`
   * is the maximum length of a text.
   */
  accept(maxBytes: number, subprotocol: string | undefined): WebSocketConnection | undefined {
    if (this.#hasLeft) return undefined;
    const chosen = subprotocol === undefined ? '' : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
    this.#transport.writeText(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptOf(this.head)}\r\n${chosen}\r\n`,
    );
    const early = this.#early.length > 0 ? this.#early.bytes : undefined;
    return new WebSocketConnection(this.#transport, maxBytes, early);
  }

  /**
   * Writes a complete answer and closes the connection. For a while it reads and drops what the client still sends, or
   * the client's system might drop the answer (RFC 9112 section 9.6).
   */
  refuse(answer: Uint8Array): void {
    if (this.#hasLeft) return;
    this.#isRefused = true;
    this.#transport.write(answer);
    this.#transport.end();
    this.#transport.resume();
    this.#linger ??= setTimeout(() => this.#transport.destroy(), lingerMs);
  }

  data(bytes: Buffer): void {
    if (this.#isRefused) return;
    this.#early.add(bytes);
    if (this.#early.length > maxEarlyBytes) this.#transport.pause();
  }

  ended(): void {
    this.#hasLeft = true;
    // The answer to a refused client may still be on its way.
    if (!this.#isRefused) this.#transport.destroy();
  }

  drained(): void {}

  closed(): void {
    this.#hasLeft = true;
    clearTimeout(this.#linger);
  }
}
