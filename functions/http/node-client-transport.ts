import { connect, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { ClientTransport, ClientTransportListener, ServerAddress } from './client-transport.ts';

/** The buffer into which all connections over TCP read, one at a time. To keep bytes, copy them. */
const shared = Buffer.allocUnsafe(65_536);

/** Called before every write to a stream, so that the caller can batch writes. */
export type Cork = (stream: Writable) => void;

/** A connection of `node:net` or `node:tls`. */
export class NodeClientTransport implements ClientTransport {
  readonly #socket: Socket;
  readonly #cork: Cork;
  #listener: ClientTransportListener | undefined;

  /** `ready` is the event that says that the socket is connected. The caller passes what it reads to `take`. */
  constructor(socket: Socket, ready: 'connect' | 'secureConnect', cork: Cork) {
    this.#socket = socket;
    this.#cork = cork;
    socket.once(ready, () => this.#listener?.connected());
    socket.on('end', () => this.#listener?.ended());
    socket.on('error', (error) => {
      if ('syscall' in error && error.syscall === 'write') this.#listener?.unsent();
      this.#listener?.failed(error);
    });
    socket.on('close', () => this.#listener?.closed());
  }

  /** Begins to connect over TCP. */
  static dialTcp(address: ServerAddress, cork: Cork): NodeClientTransport {
    const callback = (bytes: number): true => {
      transport.take(shared.subarray(0, bytes));
      return true;
    };
    const socket = connect({ ...address, noDelay: true, onread: { buffer: shared, callback } });
    const transport = new NodeClientTransport(socket, 'connect', cork);
    return transport;
  }

  get isWritable(): boolean {
    return this.#socket.writable;
  }

  get hasUnsent(): boolean {
    return this.#socket.writableLength > 0;
  }

  setListener(listener: ClientTransportListener): void {
    this.#listener = listener;
  }

  /** Takes bytes that the server sent. */
  take(bytes: Buffer): void {
    this.#listener?.data(bytes);
  }

  write(head: string, body: string): void {
    this.#cork(this.#socket);
    // An ASCII body has the same bytes in both encodings, so one write is enough.
    if (Buffer.byteLength(body) === body.length) {
      this.#socket.write(head + body, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
