import type { ClientTransport, ClientTransportListener, ServerAddress } from '../http/client-transport.ts';
import { rethrow } from './rethrow.ts';

/**
 * A connection of `Bun.connect` to a server. It costs less than one of Bun's `node:net`: a request goes to the system as
 * the string that it is.
 */
export class BunClientTransport implements ClientTransport {
  #socket: Bun.Socket<BunClientTransport> | undefined;
  #listener: ClientTransportListener | undefined;
  /** What the system has not taken yet. */
  #waiting: Uint8Array[] = [];
  /** `abandoned`: it is to be closed, but Bun can't stop connecting. */
  #state: 'connecting' | 'abandoned' | 'open' | 'ended' | 'closed' = 'connecting';
  #isRef = true;

  /** Begins to connect. */
  constructor({ host, port }: ServerAddress) {
    // The handler hears of a failure first. If it ever does not, the hook must not wait for its whole time.
    Bun.connect<BunClientTransport>({
      hostname: host,
      port,
      allowHalfOpen: true,
      data: this,
      socket: handler,
    }).catch((error: Error) => this.onClose(error));
  }

  get isWritable(): boolean {
    return this.#state === 'connecting' || this.#state === 'open';
  }

  get hasUnsent(): boolean {
    return this.#waiting.length > 0;
  }

  setListener(listener: ClientTransportListener): void {
    this.#listener = listener;
  }

  write(head: string, body: string): void {
    const text = head + body;
    // Bun writes a string in UTF-8, in which ASCII has the same bytes. A header may have others of latin1.
    if (Buffer.byteLength(text) === text.length && this.#state === 'open' && !this.hasUnsent) {
      const taken = this.#socket?.write(text) ?? 0;
      if (taken < 0) this.#listener?.unsent();
      else if (taken < text.length) this.#waiting.push(Buffer.from(text.slice(taken), 'latin1'));
      return;
    }
    this.#waiting.push(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
    this.onDrain();
  }

  ref(): void {
    if (this.#isRef) return;
    this.#isRef = true;
    this.#socket?.ref();
  }

  unref(): void {
    if (!this.#isRef) return;
    this.#isRef = false;
    this.#socket?.unref();
  }

  destroy(): void {
    if (this.#state === 'connecting') this.#state = 'abandoned';
    this.#socket?.end();
  }

  onOpen(socket: Bun.Socket<BunClientTransport>): void {
    this.#socket = socket;
    if (this.#state === 'abandoned') {
      socket.end();
      return;
    }
    socket.setNoDelay(true);
    this.#state = 'open';
    this.#listener?.connected();
    this.onDrain();
  }

  onData(bytes: Buffer): void {
    if (this.#state !== 'closed') this.#listener?.data(bytes);
  }

  /** The server has sent its FIN. */
  onEnd(): void {
    if (this.#state === 'closed') return;
    this.#state = 'ended';
    this.#listener?.ended();
  }

  /** The system may take bytes again. */
  onDrain(): void {
    if (this.#state !== 'open' && this.#state !== 'ended') return;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const taken = this.#socket?.write(first) ?? 0;
      if (taken < 0) {
        this.#listener?.unsent();
        return;
      }
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
  }

  /** The connection is closed, or could not be established. Bun says so within `end`, whose callers don't expect it. */
  onClose(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    // What could not leave in full may go over another connection.
    if (this.#state === 'open' && this.hasUnsent) this.#listener?.unsent();
    this.#state = 'closed';
    this.#waiting = [];
    queueMicrotask(() => {
      if (error !== undefined) this.#listener?.failed(error);
      this.#listener?.closed();
    });
  }
}

const handler: Bun.ClientHandler<BunClientTransport> = {
  open: (socket) => socket.data.onOpen(socket),
  data: ({ data }, bytes) => data.onData(bytes),
  end: ({ data }) => data.onEnd(),
  drain: ({ data }) => data.onDrain(),
  close: ({ data }, error) => data.onClose(error),
  connectError: ({ data }, error) => data.onClose(error),
  error: (_, error) => rethrow(error),
};

/** Begins to connect over TCP, by `Bun.connect`. */
export function dialByBun(address: ServerAddress): ClientTransport {
  return new BunClientTransport(address);
}
