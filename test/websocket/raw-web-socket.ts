import { connect, type Socket } from 'node:net';
import { GatheredBytes } from '../../functions/wire/gathered-bytes.ts';
import { upgradeRequest } from '../support/raw.ts';
import { readServerClose, readServerFrames, type ServerFrame } from './server-frames.ts';

/** A WebSocket client on raw TCP: sends the bytes that it is given, cut as they are, and keeps what comes back. */
export class RawWebSocket {
  readonly #socket: Socket;
  readonly frames: ServerFrame[] = [];
  /** Resolves when the server has ended the connection, with whether it did so by a FIN. */
  readonly ended: Promise<boolean>;
  #rest = new GatheredBytes();
  #isOpen = false;
  #waiters: (() => void)[] = [];

  /** Connects, and resolves when the upgrade was granted. */
  static async open(port: number, target: string): Promise<RawWebSocket> {
    const client = new RawWebSocket(connect({ port, host: '127.0.0.1', noDelay: true }));
    await client.send(upgradeRequest(target));
    await client.until(() => client.#isOpen);
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#read(bytes));
    this.ended = new Promise((resolve) => {
      socket.on('end', () => {
        resolve(true);
        this.#wake();
      });
      socket.on('error', () => resolve(false));
      socket.on('close', () => {
        resolve(false);
        this.#wake();
      });
    });
  }

  /** Sends bytes; resolves when the system has taken them, or the connection is over. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  /** Sends pieces, each in a packet of its own as far as that is in our hands. */
  async sendAll(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await this.send(piece);
  }

  /** The texts that came. */
  get texts(): string[] {
    return this.#payloads(1);
  }

  /** The payloads of the pongs that came. */
  get pongs(): string[] {
    return this.#payloads(10, 'latin1');
  }

  /** What the server's close frame said; undefined if none came, or it was not the last. */
  get close(): { code: number; reason: string } | undefined {
    const last = this.frames.at(-1);
    return last?.opcode === 8 ? readServerClose(last) : undefined;
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves when what came is as it should be; rejects if the connection ends before. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      if (this.#socket.readableEnded || this.#socket.destroyed)
        throw new Error(`The connection ended; ${this.frames.length} frames had come.`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #payloads(opcode: number, encoding: BufferEncoding = 'utf8'): string[] {
    return this.frames
      .filter((frame) => frame.opcode === opcode)
      .map(({ payload }) => payload.toString(encoding));
  }

  #read(bytes: Buffer): void {
    this.#rest.add(bytes);
    if (this.#isOpen || this.#isGranted()) {
      const rest = this.#rest.bytes;
      const { frames, taken } = readServerFrames(rest);
      this.frames.push(...frames);
      this.#keep(rest, taken);
    }
    this.#wake();
  }

  #isGranted(): boolean {
    const rest = this.#rest.bytes;
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = rest.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${head}`);
    this.#keep(rest, end + 4);
    this.#isOpen = true;
    return true;
  }

  #keep(rest: Buffer, from: number): void {
    if (from === 0) return;
    this.#rest = new GatheredBytes();
    this.#rest.add(rest.subarray(from));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
