import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoBroadcasts } from '../../functions/aws/dynamo/broadcasts.ts';
import { dynamoAccess } from '../../functions/aws/dynamo/calls.ts';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { SqsTaskQueue } from '../../functions/aws/queue/sqs-task-queue.ts';
import type { Broadcasts } from '../../functions/gateway/broadcasts.ts';
import type { DeadLetters } from '../../functions/gateway/dead-letters.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { queuedMessages } from '../../infra/aws/message-template.ts';
import { freshPath } from '../contract/gateway/world.ts';
import { Api } from '../support/api.ts';
import { type Client, connect } from '../support/client.ts';
import { testSecrets } from '../support/local.ts';
import { type Handler as AppHandler, RecordingApp } from '../support/recording-app.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { ApiGateway } from './api-gateway/api-gateway.ts';
import { functionNames, type Handler, type HandlerName, timeoutMs } from './bundles.ts';
import {
  broadcastsNameOf,
  caller,
  Dynamo,
  deadLettersAt,
  deadLettersNameOf,
  groupsNameOf,
  registryAt,
} from './dynamo-table.ts';
import { startHttpApi } from './http-api.ts';
import { JsonService } from './json-service.ts';
import { Lambda, type LogLine } from './lambda.ts';
import { LambdaQueue, queuedBy } from './lambda-queue.ts';
import { expire, grow, itemsOf, olderMessage, olderTask, withoutGroups } from './passing-time.ts';
import { Queue } from './queue.ts';
import { type Origins, Wires } from './wires.ts';

const minuteMs = 60_000;

/** A socket that a test opened. */
export interface Opened {
  readonly client: Client;
  readonly from: string;
  readonly path: string;
}

/**
 * A whole deployment in which everything can be made to fail: the bundled handlers in threads, all that they send out
 * on wires, and time that passes when a test says so.
 */
export class Cloud {
  readonly app: RecordingApp;
  readonly gateway: ApiGateway;
  readonly queue: Queue;
  /** The messages that Lambda has queued, with `MESSAGE_INVOCATION` `event`. */
  readonly messages: LambdaQueue;
  readonly wires: Wires;
  /** What is run for each handler; a test may put another function in its place. */
  readonly handlers: Record<HandlerName, Handler>;
  readonly lambdas: Readonly<Record<HandlerName, Lambda>>;
  readonly #parts: Parts;
  #api: { readonly url: string; stop(): Promise<void> } | undefined;

  private constructor(parts: Parts, gateway: ApiGateway, messages: LambdaQueue, wires: Wires) {
    this.#parts = parts;
    this.app = parts.app;
    this.queue = parts.queue;
    this.gateway = gateway;
    this.messages = messages;
    this.wires = wires;
    const lambdas = functionNames.map((name) => [name, new Lambda(name, this.environment(wires))] as const);
    this.lambdas = Object.fromEntries(lambdas) as Record<HandlerName, Lambda>;
    const handlers = lambdas.map(([name, lambda]) => [name, (event: unknown) => lambda.invoke(event)]);
    this.handlers = Object.fromEntries(handlers) as Record<HandlerName, Handler>;
  }

  /** Deploys one with these settings, by the names that the Lambdas' environment has for them. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Cloud> {
    const parts = await startParts(settings);
    let cloud: Cloud | undefined;
    const invoke = (name: HandlerName) => async (event: unknown) => cloud?.handlers[name](event);
    const messages = new LambdaQueue(invoke('default'), queuedMessages, async (record) => {
      parts.queue.put(queueNames.deadRetries, record);
    });
    const gateway = await ApiGateway.start({
      routes: { $connect: invoke('connect'), $default: invoke('default'), $disconnect: invoke('disconnect') },
      returnResponse: true,
      queued: queuedBy(messages, settings),
    });
    const origins = { ...parts.origins, connections: new URL(gateway.endpoint).origin };
    cloud = new Cloud(parts, gateway, messages, await Wires.open(origins));
    const taskTimes = { visibilityMs: visibilityMs('tasks'), maxConcurrency: 5 };
    for (const name of ['tasks', 'presence'] as const)
      parts.queue.attach(queueNames[name], invoke('tasks'), { ...taskTimes, maxReceives: maxReceives[name] });
    parts.queue.attach(queueNames.batches, invoke('batches'), {
      ...{
        visibilityMs: visibilityMs('batches'),
        batchSize: 1,
        maxConcurrency: 4,
        maxReceives: maxReceives.batches,
      },
    });
    parts.queue.attach(queueNames.retries, invoke('retries'), {
      ...{ visibilityMs: visibilityMs('retries'), maxConcurrency: 10, maxReceives: maxReceives.retries },
      redrive: queueNames.deadRetries,
    });
    parts.queue.attach(queueNames.deadRetries, invoke('redrive'), {
      ...{ visibilityMs: visibilityMs('redrive'), maxConcurrency: 2, maxReceives: 1_000_000 },
    });
    cloud.#api = await startHttpApi(cloud.handlers);
    return cloud;
  }

  get api(): Api {
    return new Api(this.#api?.url ?? '', testSecrets.apiKeys[0] ?? '');
  }

  /** The records, the broadcasts, the dead letters and the queues, for what a test puts there itself. */
  get ports(): Ports {
    const { origins, table } = this.#parts;
    const access = dynamoAccess(origins.dynamodb, caller, systemClock);
    const tables = { broadcasts: broadcastsNameOf(table) };
    const { tasks: url, ...others } = queueNames;
    return {
      broadcasts: new DynamoBroadcasts(access, tables, systemClock, new RecordingLog()),
      deadLetters: deadLettersAt({ name: table, endpoint: origins.dynamodb }, systemClock),
      registry: registryAt({ name: table, endpoint: origins.dynamodb }, systemClock),
      tasks: new SqsTaskQueue({ url, ...others, endpoint: origins.sqs }, caller, systemClock),
    };
  }

  /** What all functions have logged. */
  get log(): LogLine[] {
    return Object.values(this.lambdas).flatMap(({ lines }) => lines);
  }

  /** What the stack tells a function that reaches the world by these wires. */
  environment(wires: Wires): Record<string, string> {
    const { pathname } = new URL(this.gateway.endpoint);
    const queueUrl = (name: string): string => `${wires.origin('sqs')}/000000000000/${name}`;
    const { HOOKS = '' } = this.#parts.settings;
    return {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL_DYNAMODB: wires.origin('dynamodb'),
      AWS_ENDPOINT_URL_SQS: wires.origin('sqs'),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: wires.origin('secrets'),
      WEBHOOK_BASE_URL: `${wires.origin('app')}${new URL(this.app.baseUrl).pathname}`,
      HOOK_TIMEOUT_MS: '2000',
      TABLE_NAME: this.#parts.table,
      GROUPS_TABLE_NAME: groupsNameOf(this.#parts.table),
      BROADCASTS_TABLE_NAME: broadcastsNameOf(this.#parts.table),
      DEAD_LETTERS_TABLE_NAME: deadLettersNameOf(this.#parts.table),
      QUEUE_URL: queueUrl(queueNames.tasks),
      // The stack has it for an app that wants to hear of presence, and for no other.
      ...(HOOKS.includes('joined') ? { PRESENCE_QUEUE_URL: queueUrl(queueNames.presence) } : {}),
      BATCH_QUEUE_URL: queueUrl(queueNames.batches),
      RETRY_QUEUE_URL: queueUrl(queueNames.retries),
      DEAD_RETRY_QUEUE_URL: queueUrl(queueNames.deadRetries),
      CALLBACK_URL: `${wires.origin('connections')}${pathname}`,
      WEBSOCKET_URL: this.gateway.url,
      API_KEYS_SECRET: 'apiKeys',
      WEBHOOK_SECRETS_SECRET: 'webhookSecrets',
      URL_KEYS_SECRET: 'urlKeys',
      ...this.#parts.settings,
    };
  }

  /** Wires of their own, for a function that is not to share them. */
  layWires(): Promise<Wires> {
    return Wires.open({ ...this.#parts.origins, connections: new URL(this.gateway.endpoint).origin });
  }

  /** The URL of a client that asks for a path. */
  at(path: string): string {
    return `${this.gateway.url}?path=${encodeURIComponent(path)}`;
  }

  /** Opens a socket at a path that nobody else has; the app answers its hooks by this handler. */
  async open(handler?: AppHandler): Promise<Opened> {
    const path = freshPath();
    if (handler !== undefined) this.app.on(path, handler);
    const client = await connect(this.at(path));
    const { from = '' } = (await this.app.hook(path, 'handshake')).fields;
    return { client, from, path };
  }

  /** The items of the table of sockets. */
  items() {
    return itemsOf(this.#parts.client, this.#parts.table);
  }

  /** The items of the table of groups. */
  memberships() {
    return itemsOf(this.#parts.client, groupsNameOf(this.#parts.table));
  }

  /** The items of the table of dead letters. */
  letterItems() {
    return itemsOf(this.#parts.client, deadLettersNameOf(this.#parts.table));
  }

  /** The schedule's minute: the sweep that was due in it, as EventBridge asks for it. */
  async sweep(minute = Math.floor(Date.now() / minuteMs)): Promise<void> {
    const time = new Date(minute * minuteMs).toISOString().replace('.000Z', 'Z');
    const scheduled = { version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
    await this.handlers.sweep({ ...scheduled, time, region: 'eu-central-1' });
  }

  /** So many milliseconds go by: everything in the tables and in memory is older, and what was delayed is due. */
  async pass(ms: number): Promise<void> {
    await grow(this.#parts.client, this.#parts.table, ms);
    await grow(this.#parts.client, broadcastsNameOf(this.#parts.table), ms, ['broadcast', 'part']);
    await grow(this.#parts.client, deadLettersNameOf(this.#parts.table), ms, ['shard', 'letter']);
    for (const lambda of Object.values(this.lambdas)) await lambda.freeze(ms);
    this.messages.pass(ms, (payload) => olderMessage(payload, ms));
    this.queue.pass(ms, (body) => olderTask(body, ms));
  }

  /** Makes every record one that a version without groups has written. */
  writtenEarlier(): Promise<void> {
    return withoutGroups(this.#parts.client, this.#parts.table);
  }

  /** Every item is past its time to live; DynamoDB still has it. */
  expire(): Promise<void> {
    return expire(this.#parts.client, this.#parts.table);
  }

  /** The sweeps of so many minutes in a row, each with all that comes of it. */
  async sweeps(count: number, beforeEach: () => Promise<void> = async () => {}): Promise<void> {
    const now = Math.floor(Date.now() / minuteMs);
    for (let minute = 1; minute <= count; minute++) {
      await beforeEach();
      await this.settled();
      await this.sweep(now + minute);
      await this.settled();
    }
  }

  /** So many minutes go by, each with its sweep. */
  minutes(count: number): Promise<void> {
    return this.sweeps(count, () => this.pass(minuteMs));
  }

  /** As long as it takes until a killed function's work is another's: leases end, and SQS hands over anew. */
  async recover(): Promise<void> {
    await this.minutes(2);
    await this.pass(visibilityMs('tasks'));
    await this.minutes(2);
  }

  /** Resolves when no function runs, and no task is due. */
  async settled(): Promise<void> {
    await this.gateway.settled();
    await this.messages.settled();
    await this.queue.settled();
    await this.gateway.settled();
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    this.messages.stop();
    this.queue.stop();
    for (const lambda of Object.values(this.lambdas)) await lambda.kill();
    await this.#api?.stop();
    await this.wires.close();
    await this.#parts.stop();
  }
}

/** The queues. */
export const queueNames = {
  tasks: 'tasks',
  presence: 'presence',
  batches: 'batches',
  retries: 'retries',
  deadRetries: 'dead-retries',
} as const;
/** Six times the time of the function, as the stack has it. */
const visibilityMs = (name: HandlerName): number => 6 * timeoutMs(name);

/** The ports of a deployment that tests use themselves. */
interface Ports {
  readonly broadcasts: Broadcasts;
  readonly deadLetters: DeadLetters;
  readonly tasks: SqsTaskQueue;
  readonly registry: Registry;
}

/** What a deployment stands on. */
interface Parts {
  readonly settings: Readonly<Record<string, string>>;
  readonly app: RecordingApp;
  readonly queue: Queue;
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly origins: Omit<Origins, 'connections'>;
  stop(): Promise<void>;
}

async function startParts(settings: Readonly<Record<string, string>>): Promise<Parts> {
  const [app, queue, dynamo] = [new RecordingApp(), new Queue(), await Dynamo.start()];
  const lists: Record<string, readonly string[]> = { ...testSecrets };
  const secrets = new JsonService({
    GetSecretValue: ({ SecretId }) => ({ SecretString: lists[String(SecretId)]?.join(',') }),
  });
  const sqs = new JsonService(queue.operations);
  const client = dynamo.client();
  return {
    ...{ settings, app, queue, client, table: await dynamo.table(client) },
    origins: {
      dynamodb: dynamo.endpoint,
      sqs: await sqs.listen(),
      secrets: await secrets.listen(),
      app: new URL(await app.listen()).origin,
    },
    stop: async () => {
      for (const part of [app, sqs, secrets, dynamo]) await part.stop();
    },
  };
}
