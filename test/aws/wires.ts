import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { portOf } from '../contract/ports/port-of.ts';

/** What a Lambda talks to. */
export type Service = 'dynamodb' | 'sqs' | 'secrets' | 'connections' | 'app';

/** A request on its way: `UpdateItem` of DynamoDB, `POST` of @connections. */
export interface Passage {
  readonly service: Service;
  readonly operation: string;
  readonly path: string;
  readonly body: string;
  /** What DynamoDB has counted for it: read or write units. 0 for another service, and until it has answered. */
  units: number;
}

/** What a request gets instead of its answer: another one, or none since the connection is cut. */
export type Interference = { readonly status: number; readonly json: object } | 'cut';

/** Looks at each request before it is passed on, and at its answer before that is. */
export interface Meddler {
  before?(passage: Passage): Interference | undefined | Promise<Interference | undefined>;
  after?(passage: Passage): Interference | undefined | Promise<Interference | undefined>;
}

/** The origins of what is behind the wires. */
export type Origins = Readonly<Record<Service, string>>;

/** Everything that goes out of a Lambda passes through here, is written down, and can be interfered with. */
export class Wires {
  /** What has passed so far. */
  readonly passed: Passage[] = [];
  /** Nobody, until a test sets one. */
  meddler: Meddler = {};
  readonly #servers: Partial<Record<Service, Server>> = {};
  readonly #agent = new Agent({ keepAlive: true });

  static async open(origins: Origins): Promise<Wires> {
    const wires = new Wires();
    for (const [service, origin] of Object.entries(origins)) {
      await wires.#listen(service as Service, origin);
    }
    return wires;
  }

  /** Where a service is to be found by this way. */
  origin(service: Service): string {
    const server = this.#servers[service];
    if (server === undefined) throw new Error(`No wire leads to ${service}.`);
    return `http://127.0.0.1:${portOf(server)}`;
  }

  /** What passes while something is done. */
  async during(work: () => Promise<unknown>): Promise<Passage[]> {
    const from = this.passed.length;
    await work();
    return this.passed.slice(from);
  }

  async close(): Promise<void> {
    for (const server of Object.values(this.#servers)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    this.#agent.destroy();
  }

  async #listen(service: Service, origin: string): Promise<void> {
    const server = createServer((incoming, response) => {
      this.#pass(service, origin, incoming, response).catch(() => response.destroy());
    });
    server.keepAliveTimeout = 60_000;
    this.#servers[service] = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  async #pass(
    service: Service,
    origin: string,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await buffer(incoming);
    const { method = '', url: path = '' } = incoming;
    const operation = String(incoming.headers['x-amz-target'] ?? method).replace(/^.*\./, '');
    const passage: Passage = { service, operation, path, body: body.toString(), units: 0 };
    const instead = await this.meddler.before?.(passage);
    if (instead !== undefined) return answer(response, instead);
    this.passed.push(passage);
    const asked = service === 'dynamodb' ? counting(passage.body) : body;
    const { head, content } = await this.#forward(origin, incoming, asked, response);
    if (service === 'dynamodb') passage.units = countedIn(content.toString());
    const lost = await this.meddler.after?.(passage);
    if (lost !== undefined) return answer(response, lost);
    response.writeHead(head.statusCode ?? 0, head.headers).end(content);
  }

  /** Hangs up on the service when the Lambda hangs up here. */
  async #forward(
    origin: string,
    { method, url, headers: given }: IncomingMessage,
    body: Buffer,
    to: ServerResponse,
  ) {
    const length = given['content-length'] === undefined ? {} : { 'content-length': body.length };
    const headers = { ...given, ...length };
    const head = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${origin}${url}`, { method, headers, agent: this.#agent });
      sent.on('response', resolve).on('error', reject).end(body);
      to.on('close', () => {
        if (!to.writableEnded) sent.destroy();
      });
    });
    return { head, content: await buffer(head) };
  }
}

/** Asks DynamoDB to say how many units a request takes. */
function counting(body: string): Buffer {
  return Buffer.from(JSON.stringify({ ...JSON.parse(body), ReturnConsumedCapacity: 'TOTAL' }));
}

function countedIn(answer: string): number {
  const { ConsumedCapacity = [] } = JSON.parse(answer);
  return [ConsumedCapacity].flat().reduce((sum: number, { CapacityUnits }) => sum + CapacityUnits, 0);
}

function answer(response: ServerResponse, interference: Interference): void {
  if (interference === 'cut') {
    response.destroy();
    return;
  }
  const { status, json } = interference;
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' }).end(JSON.stringify(json));
}
