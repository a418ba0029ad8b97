import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a port, which can stop forwarding on the connections that it has, and closes none. */
export class MuteProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
  }

  static async before(port: number): Promise<MuteProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const gateway = connect(port, '127.0.0.1');
      for (const socket of [client, gateway]) {
        sockets.add(socket);
        socket.on('error', () => {});
      }
      client.pipe(gateway).pipe(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new MuteProxy(server, (server.address() as AddressInfo).port, sockets);
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
