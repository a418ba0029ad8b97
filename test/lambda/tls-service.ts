import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { portOf } from '../contract/ports/port-of.ts';
import type { Certificate } from './certificate.ts';

/** Answers a request whose body is here. */
export type Answering = (request: IncomingMessage, body: string, response: ServerResponse) => void;

/** A service that is spoken to over TLS. */
export class TlsService {
  /** How many connections were opened to it. */
  connections = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('secureConnection', () => {
      this.connections += 1;
    });
  }

  static async start({ key, cert }: Certificate, answering: Answering): Promise<TlsService> {
    const server = createServer({ key, cert, keepAliveTimeout: 60_000 }, (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => answering(request, Buffer.concat(parts).toString(), response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TlsService(server);
  }

  get origin(): string {
    return `https://localhost:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
