import type { Duplex } from 'node:stream';
import type { Arrival, TransportListener } from '../websocket/transport.ts';
import { TransportStream } from './transport-stream.ts';

/** Ignores every event. */
const nobody: TransportListener = { data() {}, ended() {}, drained() {}, closed() {} };

/** A connection accepted by `Bun.listen`, which must set `allowHalfOpen`. It calls the methods that begin with `on`. */
export class BunTransport implements Arrival {
  readonly peer: string;
  readonly #socket: Bun.Socket<BunTransport>;
  #listener = nobody;
  /** What the system has not taken yet, in order. */
  #waiting: Uint8Array[] = [];
  #unsent = 0;
  #state: 'open' | 'ending' | 'closed' = 'open';

  constructor(socket: Bun.Socket<BunTransport>) {
    this.#socket = socket;
    this.peer = socket.remoteAddress ?? '';
  }

  get unsent(): number {
    return this.#unsent;
  }

  setListener(listener: TransportListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    const taken = this.#unsent > 0 ? 0 : this.#socket.write(bytes);
    // The connection is closed, and the event that says so will follow.
    if (taken < 0 || taken === bytes.length) return;
    this.#waiting.push(taken === 0 ? bytes : bytes.subarray(taken));
    this.#unsent += bytes.length - taken;
  }

  writeText(text: string): void {
    this.write(Buffer.from(text, 'latin1'));
  }

  pause(): void {
    if (this.#state !== 'closed') this.#socket.pause();
  }

  resume(): void {
    if (this.#state !== 'closed') this.#socket.resume();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (this.#unsent === 0) this.#socket.shutdown();
  }

  destroy(): void {
    if (this.#state !== 'closed') this.#socket.end();
  }

  release(read: Buffer): Duplex {
    return new TransportStream(this, read);
  }

  /** Bytes have arrived. */
  onData(bytes: Buffer): void {
    if (this.#state !== 'closed') this.#listener.data(bytes);
  }

  /** The other side has sent its FIN. */
  onEnd(): void {
    if (this.#state !== 'closed') this.#listener.ended();
  }

  /** The system may take bytes again. */
  onDrain(): void {
    if (this.#unsent === 0) return;
    let sent = 0;
    for (const bytes of this.#waiting) {
      const taken = this.#socket.write(bytes);
      if (taken < 0) return;
      this.#unsent -= taken;
      if (taken < bytes.length) {
        this.#waiting[sent] = bytes.subarray(taken);
        break;
      }
      sent += 1;
    }
    this.#waiting.splice(0, sent);
    if (this.#unsent > 0) return;
    if (this.#state === 'ending') this.#socket.shutdown();
    this.#listener.drained();
  }

  /** The connection is closed. Bun says so within `destroy`, whose callers do not expect that. */
  onClose(): void {
    this.#state = 'closed';
    this.#waiting = [];
    this.#unsent = 0;
    queueMicrotask(() => this.#listener.closed());
  }
}
