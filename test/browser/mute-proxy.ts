import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pongFrame } from '../../functions/wire/ping.ts';

/** A TCP proxy in front of a port, which can stop forwarding on the connections that it has, and closes none. */
export class MuteProxy {
  readonly port: number;
  /** Resolves once it has forwarded a pong of the gateway, whose frames are not masked. */
  readonly pong: Promise<void>;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, port: number, sockets: Set<Socket>, pong: Promise<void>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    this.pong = pong;
  }

  static async before(port: number): Promise<MuteProxy> {
    const sockets = new Set<Socket>();
    let forwarded = (): void => {};
    const pong = new Promise<void>((resolve) => {
      forwarded = resolve;
    });
    const server = createServer((client) => {
      const gateway = connect(port, '127.0.0.1');
      for (const socket of [client, gateway]) {
        sockets.add(socket);
        socket.on('error', () => {});
      }
      client.pipe(gateway).pipe(client);
      let last = '';
      gateway.on('data', (bytes: Buffer) => {
        last = (last + bytes.toString('latin1')).slice(-10_000);
        if (last.includes(pongFrame)) forwarded();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new MuteProxy(server, (server.address() as AddressInfo).port, sockets, pong);
  }

  /** From now on, the connections that are open forward nothing. New ones do. */
  mute(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.resume();
    }
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
