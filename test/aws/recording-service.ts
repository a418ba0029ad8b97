import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { portOf } from '../contract/ports/port-of.ts';

/** A request as it stood on the wire. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service that keeps what it is asked, and answers each request in its turn by one of its answers, the last again. */
export class RecordingService {
  readonly requests: Recorded[] = [];
  readonly #server: Server;
  readonly #answers: Answer[];

  constructor(...answers: readonly Answer[]) {
    this.#answers = [...answers];
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    this.requests.push({ method, path, headers: Object.fromEntries(headers), body: await text(request) });
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === undefined || answer === 'silence') return;
    if (answer === 'hang up') request.socket.destroy();
    else response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  }
}

/** What a service does with a request. */
export type Answer =
  | 'silence'
  | 'hang up'
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };
