import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Transport, TransportListener } from './transport.ts';

/** Hears nothing. */
const nobody: TransportListener = { data() {}, ended() {}, drained() {}, closed() {} };

/** Which transport a socket belongs to; the listeners below serve all sockets, since five of its own are memory for each. */
const owners = new WeakMap<Socket, NodeTransport>();

/** A connection that `node:net` has accepted; it has to allow half-open connections, and to send without delay. */
export class NodeTransport implements Transport {
  readonly #socket: Socket;
  readonly #cork: (stream: Writable) => void;
  #listener = nobody;

  /** `cork` is called before something is written, to let what is written together leave together. */
  constructor(socket: Socket, cork: (stream: Writable) => void) {
    this.#socket = socket;
    this.#cork = cork;
    owners.set(socket, this);
    socket.on('data', onData).on('end', onEnd).on('drain', onDrain).on('close', onClose);
    // What is wrong with a connection shows in its end.
    socket.on('error', onError);
  }

  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Whom it tells. */
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
    // What is held until the end of the turn was written before: a close frame, for one.
    this.#socket.uncork();
    this.#socket.destroy();
  }

  /** Lets go of the socket, and puts back what was read of it, for somebody else to read from its beginning. */
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
