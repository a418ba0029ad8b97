import type { Duplex } from 'node:stream';

/** A client whose upgrade is pending: keeps what it sends too early, and notices when it leaves. */
export class WaitingClient {
  readonly #connection: Duplex;
  readonly #early: Buffer[];
  readonly #onLeave: () => void;
  #hasLeft = false;
  #isReleased = false;

  constructor(connection: Duplex, head: Buffer, onLeave: () => void) {
    this.#connection = connection;
    this.#early = [head];
    this.#onLeave = onLeave;
    connection.on('data', this.#keep);
    connection.on('error', this.#leave);
    connection.on('end', this.#leave);
    connection.on('close', this.#leave);
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Stops watching; gives the bytes that came too early. To be followed by another reader at once. */
  release(): Buffer {
    this.#isReleased = true;
    this.#connection.off('data', this.#keep);
    return Buffer.concat(this.#early);
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(chunk);
  };

  readonly #leave = (): void => {
    if (this.#hasLeft || this.#isReleased) return;
    this.#hasLeft = true;
    this.#connection.destroy();
    this.#onLeave();
  };
}
