import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { portOf } from '../contract/ports/port-of.ts';

/** How requests are passed on, and their answers; faithfully, unless something else is asked for. */
export interface Manner {
  /** What every first request for a write gets in place of its answer. */
  readonly first?: 'hang up' | 'silence' | 'a fault' | 'throttling';
  /** Whether that request is carried out all the same, so that only the answer is lost. */
  readonly carriesOut?: boolean;
  /** Whether refusals carry the item, as those of DynamoDB do (ReturnValuesOnConditionCheckFailure); the emulator's don't. */
  readonly tells?: boolean;
  /** What else happens before a request is passed on. */
  readonly before?: (operation: string) => Promise<void>;
}

/** What DynamoDB answers when it can't, or won't. */
const refusals = {
  'a fault': { status: 500, type: 'InternalServerError' },
  throttling: { status: 400, type: 'ThrottlingException' },
} as const;

/** What was asked, and what was answered. */
interface Exchange {
  readonly operation: string;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

/** Stands in front of DynamoDB: counts what is asked, and passes the answers on in its manner. */
export class DynamoFront {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #origin: string;
  readonly #manner: Manner;
  /** First requests that have not come again. */
  readonly #lost = new Set<string>();
  #counts: Record<string, number> = {};

  private constructor(origin: string, manner: Manner) {
    this.#origin = origin;
    this.#manner = manner;
    this.#server = createServer({ keepAliveTimeout: 60_000 }, async (incoming, response) => {
      const body = await text(incoming);
      const operation = String(incoming.headers['x-amz-target']).replace(/^.*\./, '');
      this.#counts[operation] = (this.#counts[operation] ?? 0) + 1;
      await manner.before?.(operation);
      const isFirst = this.#isFirst(operation, body);
      if (isFirst && manner.carriesOut !== true) return this.#instead(response);
      const exchange = await this.#ask(incoming, operation, body);
      if (isFirst) this.#instead(response);
      else response.writeHead(exchange.status).end(await this.#told(incoming, exchange));
    });
  }

  static async open(origin: string, manner: Manner = {}): Promise<DynamoFront> {
    const front = new DynamoFront(origin, manner);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  /** How many requests of each kind have come since this was asked last. */
  sent(): Record<string, number> {
    const before = this.#counts;
    this.#counts = {};
    return before;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  async #ask({ headers }: IncomingMessage, operation: string, body: string): Promise<Exchange> {
    const length = String(Buffer.byteLength(body));
    const asked = {
      ...headers,
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'content-length': length,
    };
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(this.#origin, { method: 'POST', headers: asked, agent: this.#agent }, resolve);
      sent.on('error', reject).end(body);
    });
    return { operation, body, status: answered.statusCode ?? 0, answer: await text(answered) };
  }

  #isFirst(operation: string, body: string): boolean {
    if (this.#manner.first === undefined || !/^(?:Put|Update|Delete)Item$/.test(operation)) return false;
    if (this.#lost.delete(body)) return false;
    this.#lost.add(body);
    return true;
  }

  #instead(response: ServerResponse): void {
    const { first } = this.#manner;
    if (first === 'hang up') response.destroy();
    if (first !== 'a fault' && first !== 'throttling') return;
    const { status, type } = refusals[first];
    response.writeHead(status).end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}` }));
  }

  async #told(incoming: IncomingMessage, { body, answer }: Exchange): Promise<string> {
    if (this.#manner.tells !== true || !answer.includes('ConditionalCheckFailed')) return answer;
    const { TableName, Key, Item, ReturnValuesOnConditionCheckFailure: wanted } = JSON.parse(body);
    if (wanted !== 'ALL_OLD') return answer;
    const read = { TableName, Key: Key ?? { socket: Item.socket }, ConsistentRead: true };
    const found = await this.#ask(incoming, 'GetItem', JSON.stringify(read));
    return JSON.stringify({ ...JSON.parse(answer), ...JSON.parse(found.answer) });
  }
}
