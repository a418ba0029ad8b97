import { connect, type Socket } from 'node:net';
import { FrameReader } from './frame-reader.ts';

/** All clients read into the same buffer, one at a time. */
const shared = Buffer.allocUnsafe(65_536);

/** Called for each text that a client gets. */
export type OnText = (client: Client, bytes: number) => void;

/** A WebSocket client that is as cheap as possible, so that the bench does not measure the client. */
export class Client {
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  readonly #settle: (outcome: Client | Error) => void;
  #head: string | undefined = '';

  private constructor(url: URL, onText: OnText, settle: (outcome: Client | Error) => void) {
    const { hostname: host, port, pathname, search } = url;
    this.#settle = settle;
    this.#frames = new FrameReader((bytes) => onText(this, bytes));
    const onread = { buffer: shared, callback: (bytes: number): boolean => this.#take(bytes) };
    this.#socket = connect({ host, port: Number(port), noDelay: true, onread });
    this.#socket.on('error', (cause) => settle(new Error(`${url} lost a connection`, { cause })));
    this.#socket.on('close', () => settle(new Error(`${url} closed a connection: ${this.#head}`)));
    this.#socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\n` +
        'Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
  }

  /**
   * Opens a connection to `ws://host:port/path`. Rejects if it is refused. A connection that is lost later ends the
   * process.
   */
  static open(url: URL, onText: OnText): Promise<Client> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      new Client(url, onText, (outcome) => {
        if (outcome instanceof Client) {
          isOpen = true;
          resolve(outcome);
        } else if (isOpen) {
          throw outcome;
        } else {
          reject(outcome);
        }
      });
    });
  }

  /** Writes a frame unchanged. */
  send(frame: Uint8Array): void {
    this.#socket.write(frame);
  }

  /** Resets the connection, so that no port stays in TIME_WAIT. */
  cut(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.on('error', () => {});
    this.#socket.resetAndDestroy();
  }

  #take(bytes: number): boolean {
    if (this.#head === undefined) this.#frames.take(shared, 0, bytes);
    else this.#readHead(shared.toString('latin1', 0, bytes), bytes);
    return true;
  }

  /** RFC 6455 section 4.2.2: a server that accepts a client answers with status 101. */
  #readHead(text: string, bytes: number): void {
    const head = `${this.#head}${text}`;
    this.#head = head;
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101')) return;
    this.#head = undefined;
    this.#settle(this);
    this.#frames.take(shared, bytes - (head.length - end - 4), bytes);
  }
}
