import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { type FunctionName, functionNeeds } from '../../infra/aws/function-needs.ts';
import { sdkQuiet } from '../bench/servers/handler-environment.ts';
import { type Certificate, certificate } from './certificate.ts';
import { type Crowd, crowdOf } from './crowd.ts';
import { DynamoStandIn } from './dynamo.ts';
import { LimitedFunction } from './limited-function.ts';
import { Posts } from './posts.ts';
import type { Ran } from './runtime.ts';
import { TaskQueue } from './tasks.ts';
import { TlsService } from './tls-service.ts';

const apiKey = 'k'.repeat(48);
/** How many tasks an event has at most, as the stack has it. */
const batchSize = 10;

/** What a call of the HTTP API was answered. */
export interface Answered extends Ran {
  readonly status: number;
  readonly document: Readonly<Record<string, unknown>>;
}

/** All that a function reaches, over TLS and outside of its share of the machine. */
export class LambdaWorld {
  readonly dynamo = new DynamoStandIn();
  readonly posts = new Posts();
  readonly queue = new TaskQueue('tasks');
  /** The queue of batches. */
  readonly batches = new TaskQueue('batches');
  /** The events of the hooks that the app got. */
  hooks: string[] = [];
  /** Those that are open. */
  sockets: readonly SocketId[] = [];
  readonly #functions = new Set<LimitedFunction>();
  readonly #certificate: Certificate;
  #services: { readonly aws: TlsService; readonly connections: TlsService; readonly app: TlsService };

  private constructor(made: Certificate, services: LambdaWorld['services']) {
    this.#certificate = made;
    this.#services = services;
  }

  static async start(): Promise<LambdaWorld> {
    const made = certificate();
    let world: LambdaWorld | undefined;
    const aws = await TlsService.start(made, (request, body, response) =>
      world?.call(request, body, response),
    );
    const connections = await TlsService.start(made, (request, body, response) =>
      world?.posts.answer(request, body, response),
    );
    const app = await TlsService.start(made, (_, body, response) => {
      world?.hooks.push(String(new URLSearchParams(body).get('event')));
      const answer = { 'content-type': 'application/vnd.sockethook+json' };
      setTimeout(() => response.writeHead(200, answer).end('{"reply":"pong"}'), 20);
    });
    world = new LambdaWorld(made, { aws, connections, app });
    return world;
  }

  get services() {
    return this.#services;
  }

  /** So many sockets are open, and nothing has been sent to any. */
  crowd(count: number): Crowd {
    const crowd = crowdOf(count);
    this.dynamo.hold(crowd);
    this.sockets = crowd.sockets;
    this.hooks = [];
    this.posts.forget();
    return crowd;
  }

  /** A function that is cold, of the memory that the stack gives it unless told. */
  async cold(
    handler: FunctionName,
    memoryMb: number = functionNeeds[handler].memoryMb,
    timeoutMs = functionNeeds[handler].timeout * 1_000,
  ): Promise<LimitedFunction> {
    const environment = this.#environment();
    const started = await LimitedFunction.start({ functionName: handler, memoryMb, timeoutMs, environment });
    this.#functions.add(started);
    return started;
  }

  /** `POST` to a path of the HTTP API. */
  async post(handler: LimitedFunction, path: '/send' | '/broadcast', body: object): Promise<Answered> {
    const ran = await handler.run({
      ...{ routeKey: `POST ${path}`, rawPath: path, rawQueryString: '', isBase64Encoded: false },
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...{ body: JSON.stringify(body), requestContext: { requestId: 'request' } },
    });
    const { statusCode, body: text } = ran.value as { statusCode: number; body: string };
    return { ...ran, status: statusCode, document: JSON.parse(text) };
  }

  /** Has a function work a queue off, event after event, until nothing waits any more; every run. */
  async workOff(handler: LimitedFunction, maxRuns = 50, queue = this.queue): Promise<Ran[]> {
    const runs: Ran[] = [];
    while (queue.waiting.length > 0) {
      if (runs.length === maxRuns) throw new Error(`Tasks still wait after ${maxRuns} runs.`);
      runs.push(await this.work(handler, queue));
    }
    return runs;
  }

  /** Has a function do one event of a queue. */
  async work(handler: LimitedFunction, queue = this.queue): Promise<Ran> {
    const ran = await handler.run(queue.hand(queue === this.batches ? 1 : batchSize));
    const { batchItemFailures } = ran.value as { batchItemFailures: { itemIdentifier: string }[] };
    queue.settle(new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)));
    return ran;
  }

  /** A client connects. */
  connect(handler: LimitedFunction, socket: SocketId): Promise<Ran> {
    const requestContext = {
      ...{ connectionId: socket, eventType: 'CONNECT', requestId: 'request' },
      ...{ requestTimeEpoch: Date.now(), identity: { sourceIp: '192.0.2.1' } },
    };
    const multiValueHeaders = { Host: ['gateway.example'] };
    return handler.run({
      multiValueHeaders,
      multiValueQueryStringParameters: { path: ['/'] },
      requestContext,
    });
  }

  /** A client has gone. */
  disconnect(handler: LimitedFunction, socket: SocketId): Promise<Ran> {
    const requestContext = {
      ...{ connectionId: socket, eventType: 'DISCONNECT', requestId: 'request', disconnectStatusCode: 1001 },
      ...{ requestTimeEpoch: Date.now(), identity: { sourceIp: '192.0.2.1' } },
    };
    return handler.run({ requestContext });
  }

  /** The schedule's minute. */
  sweep(handler: LimitedFunction): Promise<Ran> {
    return handler.run({ time: new Date().toISOString() });
  }

  /** A client's message, to which the app answers with a reply. */
  message(handler: LimitedFunction, socket: SocketId): Promise<Ran> {
    const requestContext = {
      ...{ connectionId: socket, eventType: 'MESSAGE', messageId: 'message', requestId: 'request' },
      ...{ requestTimeEpoch: Date.now(), identity: { sourceIp: '192.0.2.1' } },
    };
    return handler.run({ body: 'ping', requestContext });
  }

  /** Ends the functions; the services stay. */
  async end(): Promise<void> {
    for (const handler of this.#functions) await handler.stop();
    this.#functions.clear();
    this.queue.waiting.splice(0);
    this.batches.waiting.splice(0);
    this.posts.isThrottled = () => false;
    this.dynamo.broken.clear();
    this.dynamo.silent.clear();
  }

  async stop(): Promise<void> {
    await this.end();
    for (const service of Object.values(this.#services)) await service.stop();
  }

  /** DynamoDB, Secrets Manager and SQS, which are told apart by what is asked of them. */
  call({ headers }: IncomingMessage, body: string, response: ServerResponse): void {
    const [service = '', operation = ''] = String(headers['x-amz-target']).split('.');
    const answer = this.#answer(service, operation, JSON.parse(body));
    const text = JSON.stringify(answer.output);
    const head = { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(text) };
    setTimeout(() => response.writeHead(answer.status, head).end(text), answer.afterMs);
  }

  #answer(service: string, operation: string, input: Record<string, unknown>) {
    if (service.startsWith('DynamoDB')) return this.dynamo.answer(operation, input);
    if (service === 'secretsmanager') return { status: 200, output: { SecretString: apiKey }, afterMs: 6 };
    const queue = String(input['QueueUrl']).endsWith('/batches') ? this.batches : this.queue;
    return { status: 200, output: queue.answer(operation, input), afterMs: 6 };
  }

  #environment(): Record<string, string> {
    const { aws, connections, app } = this.#services;
    return {
      ...sdkQuiet,
      NODE_EXTRA_CA_CERTS: this.#certificate.rootFile,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      // As long as those that Lambda hands out: it goes with every call.
      AWS_SESSION_TOKEN: 'T'.repeat(900),
      AWS_ENDPOINT_URL: aws.origin,
      CALLBACK_URL: `${connections.origin}/live`,
      QUEUE_URL: `${aws.origin}/000000000000/tasks`,
      BATCH_QUEUE_URL: `${aws.origin}/000000000000/batches`,
      BROADCASTS_TABLE_NAME: 'broadcasts',
      TABLE_NAME: 'sockets',
      GROUPS_TABLE_NAME: 'groups',
      WEBHOOK_BASE_URL: `${app.origin}/websocket`,
      WEBSOCKET_URL: 'wss://gateway.example',
      API_KEYS_SECRET: 'apiKeys',
      WEBHOOK_SECRETS_SECRET: 'webhookSecrets',
      URL_KEYS_SECRET: 'urlKeys',
    };
  }
}
