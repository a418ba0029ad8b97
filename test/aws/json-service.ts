import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { portOf } from '../contract/ports/port-of.ts';

/** An operation of an AWS service: from its input to its output, or a promise of it. */
export type Operation = (input: Record<string, unknown>) => unknown;

/** An AWS service that speaks JSON: each request names its operation in `X-Amz-Target`. */
export class JsonService {
  readonly #server: Server;

  constructor(operations: Readonly<Record<string, Operation>>) {
    this.#server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const output = await operations[operation]?.(JSON.parse(await text(request)));
      response.writeHead(output === undefined ? 400 : 200, { 'Content-Type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(output ?? { __type: 'UnknownOperationException' }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
