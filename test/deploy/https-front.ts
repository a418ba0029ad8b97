import { createServer, request, type Server } from 'node:http';
import { portOf } from '../contract/ports/port-of.ts';

/**
 * A front for an emulator that mends what passes:
 * - every request came over TLS, as each request to AWS does: the policies of buckets and queues refuse any other
 * - an answer without content has no type, which the emulator gives it
 */
export class HttpsFront {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number): Promise<HttpsFront> {
    const server = createServer((incoming, outgoing) => {
      const { url: path, method } = incoming;
      const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' };
      const passed = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        if (answer.statusCode === 204) delete answer.headers['content-type'];
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HttpsFront(server);
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
