import { GatheredBytes } from '../wire/gathered-bytes.ts';
import type { RequestHead } from './request-head.ts';
import type { Transport, TransportListener } from './transport.ts';
import { acceptOf } from './upgrade-check.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

/** How long a client that was refused has to hang up, in milliseconds. */
const lingerMs = 2_000;
/** What a client may send before it was let in, in bytes; RFC 6455 section 4.1 has it wait. */
const maxEarlyBytes = 65_536;

/**
 * A client that asks for a WebSocket and waits for the answer. It is granted or refused once; till then a client that
 * hangs up is noticed, and its connection ended at once.
 */
export class Upgrade implements TransportListener {
  readonly head: RequestHead;
  readonly #transport: Transport;
  readonly #early = new GatheredBytes();
  #hasLeft = false;
  #isRefused = false;
  #linger: NodeJS.Timeout | undefined;

  /** `early` is what came behind the head. */
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
   * Lets the client in (RFC 6455 section 4.2.2), unless it has left; the connection is to be started. `mostBytes` is what
   * a text may have.
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
   * Writes an answer, all of it, and ends the connection. What the client still sends is read for a while, and dropped:
   * else its system might drop the answer (RFC 9112 section 9.6).
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
    // Of one that was refused the answer may still be on its way.
    if (!this.#isRefused) this.#transport.destroy();
  }

  drained(): void {}

  closed(): void {
    this.#hasLeft = true;
    clearTimeout(this.#linger);
  }
}
