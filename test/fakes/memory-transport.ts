import type { Transport, TransportListener } from '../../functions/websocket/transport.ts';

/** A connection whose other side is the test, which reads what was written and supplies what the client sends. */
export class MemoryTransport implements Transport {
  readonly peer = '192.0.2.1';
  /** How many bytes are unsent, as set by the test. */
  unsent = 0;
  isPaused = false;
  isEnded = false;
  isDestroyed = false;
  #sent: Buffer[] = [];
  #listener: TransportListener | undefined;

  setListener(listener: TransportListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    if (!this.isEnded) this.#sent.push(Buffer.from(bytes));
  }

  writeText(text: string): void {
    this.write(Buffer.from(text, 'latin1'));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.isEnded = true;
    this.#listener?.closed();
  }

  /** Everything written since the last call. */
  sent(): Buffer {
    const all = Buffer.concat(this.#sent);
    this.#sent = [];
    return all;
  }

  /** The client sends these bytes. They are overwritten as soon as the listener has returned. */
  arrive(bytes: Uint8Array): void {
    const read = Buffer.from(bytes);
    this.#listener?.data(read);
    read.fill(0xee);
  }

  /** The unsent bytes leave. */
  drain(): void {
    this.unsent = 0;
    this.#listener?.drained();
  }

  /** The client sends its FIN. */
  fin(): void {
    this.#listener?.ended();
  }
}
