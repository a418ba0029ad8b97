import { Duplex } from 'node:stream';
import type { Transport } from '../websocket/transport.ts';

/** A transport as a stream, for `node:http`. */
export class TransportStream extends Duplex {
  readonly remoteAddress: string;
  readonly #transport: Transport;
  /** Called once what was written has left. */
  #written: (() => void) | undefined;

  /** `read` is what was read before, and comes first. */
  constructor(transport: Transport, read: Buffer) {
    super({ allowHalfOpen: true });
    this.remoteAddress = transport.peer;
    this.#transport = transport;
    transport.setListener({
      data: (bytes) => this.#take(bytes),
      ended: () => this.push(null),
      drained: () => this.#drained(),
      closed: () => this.destroy(),
    });
    if (read.length > 0) this.push(read);
  }

  /** As a socket of `node:net`: closes the connection once all has been written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#transport.write(bytes);
    if (this.#transport.unsent > 0) this.#written = done;
    else done();
  }

  override _final(done: () => void): void {
    this.#transport.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#transport.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    if (!this.push(bytes)) this.#transport.pause();
  }

  #drained(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }
}
