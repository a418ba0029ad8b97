import type { Transport, TransportListener } from '../../functions/websocket/transport.ts';

/** A connection whose other side is the test: what is written is kept, what the client sends is handed in. */
export class MemoryTransport implements Transport {
  readonly peer = '192.0.2.1';
  /** What waits to be sent, as the test has it. */
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

  /** What was written until now, and not taken yet. */
  sent(): Buffer {
    const all = Buffer.concat(this.#sent);
    this.#sent = [];
    return all;
  }

  /** The client has sent these; they are written over as soon as they were heard. */
  arrive(bytes: Uint8Array): void {
    const read = Buffer.from(bytes);
    this.#listener?.data(read);
    read.fill(0xee);
  }

  /** What waited has left. */
  drain(): void {
    this.unsent = 0;
    this.#listener?.drained();
  }

  /** The client has sent its FIN. */
  fin(): void {
    this.#listener?.ended();
  }
}
