import { Arrivals } from '../websocket/arrivals.ts';
import { createHttpServer, type UpgradeServerOptions } from '../websocket/http-server.ts';
import type { ListeningServer, ListenOptions } from '../websocket/listening-server.ts';
import { BunTransport } from './bun-transport.ts';
import { ReadGarbage } from './read-garbage.ts';
import { RequestTimes } from './request-times.ts';
import { rethrow } from './rethrow.ts';

/** How long a connection may be silent before the system asks its other side, in milliseconds. */
const keepAliveMs = 60_000;
/** How often the times of requests are checked, in milliseconds. */
const checkMs = 1_000;

/**
 * The server of a gateway on Bun. It reads WebSocket upgrades and simple requests itself, from `Bun.listen`. Any other
 * request goes to Bun's `node:http` with its bytes untouched.
 */
export function createBunServer(options: UpgradeServerOptions): ListeningServer {
  return new BunServer(options);
}

class BunServer implements ListeningServer {
  readonly #arrivals: Arrivals;
  readonly #checking: NodeJS.Timeout;
  #listener: Bun.Listener | undefined;
  #maxConnections = 0;
  readonly #connections = new Set<BunTransport>();
  readonly #garbage = new ReadGarbage({
    resident: () => process.memoryUsage.rss(),
    collect: () => Bun.gc(true),
  });

  constructor(options: UpgradeServerOptions) {
    const { server, serve } = createHttpServer(options);
    const times = new RequestTimes(server, () => performance.now());
    this.#arrivals = new Arrivals(options, (connection) => {
      serve(connection);
      times.watch(connection);
    });
    this.#checking = setInterval(() => times.check(), checkMs).unref();
  }

  async listen({ port, host, maxConnections }: ListenOptions): Promise<number> {
    this.#maxConnections = maxConnections;
    this.#listener = Bun.listen({ hostname: host, port, allowHalfOpen: true, socket: this.#handler() });
    return this.#listener.port;
  }

  close(): void {
    this.#listener?.stop(false);
  }

  closeAllConnections(): void {
    clearInterval(this.#checking);
    this.#arrivals.stop();
    this.#listener?.stop(true);
    // A listener that has stopped already closes nothing.
    for (const transport of this.#connections) transport.destroy();
  }

  #handler(): Bun.SocketHandler<BunTransport> {
    return {
      open: (socket) => this.#open(socket),
      data: ({ data: transport }, bytes) => {
        this.#garbage.read(bytes.length);
        transport.onData(bytes);
      },
      end: ({ data: transport }) => transport.onEnd(),
      drain: ({ data: transport }) => transport.onDrain(),
      close: ({ data: transport }) => {
        this.#connections.delete(transport);
        transport.onClose();
      },
      error: (_, error) => rethrow(error),
    };
  }

  #open(socket: Bun.Socket<BunTransport>): void {
    socket.data = new BunTransport(socket);
    this.#connections.add(socket.data);
    if (this.#connections.size > this.#maxConnections) {
      socket.end();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    this.#arrivals.take(socket.data);
  }
}
