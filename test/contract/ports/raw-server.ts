import { createServer, type Server, type Socket } from 'node:net';
import { portOf } from './port-of.ts';

/** Answers one request, as it stood on the wire, with whatever bytes it likes. */
export type RawHandler = (connection: Socket, request: string) => void;

/** An app that speaks bytes: sees each request as it came, and can answer what no HTTP server would. */
export class RawServer {
  readonly requests: string[] = [];
  /** Connections so far, and those of them that are closed. */
  readonly counts = { opened: 0, closed: 0 };
  /** Told of each connection before anything is read of it. */
  onConnection: (connection: Socket) => void = () => {};
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  constructor(handler: RawHandler) {
    this.#server = createServer((connection) => {
      this.counts.opened += 1;
      this.#connections.add(connection);
      connection.on('error', () => connection.destroy());
      connection.on('close', () => {
        this.counts.closed += 1;
        this.#connections.delete(connection);
      });
      let received = '';
      this.onConnection(connection);
      connection.setEncoding('latin1').on('data', (bytes) => {
        received += String(bytes);
        const length = requestLength(received);
        if (length === undefined || received.length < length) return;
        this.requests.push(received.slice(0, length));
        received = received.slice(length);
        handler(connection, this.requests.at(-1) ?? '');
      });
    });
  }

  /** Listens on a port of its own, or on this one; the server's origin. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** How long a request is with its body; undefined until its head is there. */
function requestLength(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const bodyLength = /^content-length: *(\d+)$/im.exec(received.slice(0, headEnd))?.[1] ?? '0';
  return headEnd + 4 + Number(bodyLength);
}
