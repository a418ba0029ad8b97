import type { Duplex, Writable } from 'node:stream';
import type { Arrival, TransportListener } from './transport.ts';

/** A TCP connection as Node.js has it. */
export interface Socket extends Duplex {
  readonly remoteAddress?: string | undefined;
}

/** Ignores every event. */
const nobody: TransportListener = { data() {}, ended() {}, drained() {}, closed() {} };

/** The transport of each socket. All sockets share the listeners below, since five closures per socket cost memory. */
const owners = new WeakMap<Socket, NodeTransport>();

/** A connection accepted by a `node:net` server, which must set `allowHalfOpen` and `noDelay`. */
export class NodeTransport implements Arrival {
  readonly #socket: Socket;
  readonly #cork: (stream: Writable) => void;
  #listener = nobody;

  /** `cork` is called before every write, so that the caller can batch writes. */
  constructor(socket: Socket, cork: (stream: Writable) => void) {
    this.#socket = socket;
    this.#cork = cork;
    owners.set(socket, this);
    socket.on('data', onData).on('end', onEnd).on('drain', onDrain).on('close', onClose);
    // An error needs no handling of its own: the connection ends, and `close` reports that.
    socket.on('error', onError);
  }

  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** The listener of its events. */
  get listener(): TransportListener {
    return this.#listener;
  }

  setListener(listener: TransportListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#cork(this.#socket);
    this.#socket.write(bytes);
  }

  writeText(text: string): void {
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    // Flush what is corked until the end of the turn, such as a close frame.
    this.#socket.uncork();
    this.#socket.destroy();
  }

  /** Releases the socket, and puts back what was read, so that another reader can start from the beginning. */
  release(read: Buffer): Socket {
    const socket = this.#socket;
    socket.off('data', onData).off('end', onEnd).off('drain', onDrain).off('close', onClose);
    socket.off('error', onError);
    owners.delete(socket);
    socket.pause();
    if (read.length > 0) socket.unshift(read);
    return socket;
  }
}

function onData(this: Socket, bytes: Buffer): void {
  owners.get(this)?.listener.data(bytes);
}

function onEnd(this: Socket): void {
  owners.get(this)?.listener.ended();
}

function onDrain(this: Socket): void {
  owners.get(this)?.listener.drained();
}

function onClose(this: Socket): void {
  owners.get(this)?.listener.closed();
}

function onError(this: Socket): void {
  this.destroy();
}
