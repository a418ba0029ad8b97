import { DynamoBroadcasts } from '../../functions/aws/dynamo/broadcasts.ts';
import { DynamoDirectory } from '../../functions/aws/dynamo/directory.ts';
import { NoBreaker } from '../../functions/aws/dynamo/no-breaker.ts';
import { NoDeadLetters } from '../../functions/aws/dynamo/no-dead-letters.ts';
import { NoPresences } from '../../functions/aws/dynamo/no-presences.ts';
import { registryWith } from '../../functions/aws/dynamo/registry.ts';
import type { QueueEvent } from '../../functions/aws/events.ts';
import { type AwsGateway, awsPolicy } from '../../functions/aws/gateway.ts';
import { batchesHandler } from '../../functions/aws/handlers/batches-handler.ts';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { tasksHandler } from '../../functions/aws/handlers/tasks-handler.ts';
import { withDeadline } from '../../functions/aws/handlers/with-deadline.ts';
import type { BroadcastProgress } from '../../functions/gateway/broadcasts.ts';
import { broadcast } from '../../functions/gateway/deliver/broadcast.ts';
import type { Settings } from '../../functions/gateway/gateway.ts';
import { localSecrets } from '../../functions/local/local-secrets.ts';
import { MemoryIdempotency } from '../../functions/local/memory-idempotency.ts';
import { broadcastIdOf } from '../../functions/wire/broadcast-id.ts';
import { form } from '../../functions/wire/formats/form.ts';
import { hookEvents } from '../../functions/wire/hook.ts';
import { limits } from '../../functions/wire/limits.ts';
import { functionNeeds } from '../../infra/aws/function-needs.ts';
import { FakeApp } from '../fakes/fake-app.ts';
import { memoryTables } from '../fakes/memory-dynamo.ts';
import { ApiGateway } from './api-gateway.ts';
import { Crowd } from './crowd.ts';
import { consume, type FunctionSize, Lambda, type Started } from './lambda.ts';
import { CountingLog, Process, ProcessConnections } from './process.ts';
import { ProcessQueue } from './process-queue.ts';
import { Queue } from './queue.ts';
import { Random } from './random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { Tables } from './table.ts';

/** What is simulated. */
export interface Scenario {
  readonly sockets: number;
  readonly seed?: number;
  readonly maxPostsPerSecond?: number;
  /** Every how manieth socket has gone without a word. */
  readonly goneEvery?: number;
  /** Which share of the runs that post batches is killed. */
  readonly crashShare?: number;
  /** Which share of its messages SQS hands out twice. */
  readonly doubled?: number;
  /** The requests per second that other APIs of the account make. */
  readonly otherPosts?: number;
}

/** How the functions of a queue are consumed: as infra/aws has it. */
const consumption = {
  tasks: { concurrency: 10, batchSize: 10 },
  batches: { concurrency: awsPolicy.broadcastWorkers, batchSize: 1 },
};

/** How long a message is hidden, in times of its function's timeout: as infra/aws/task-queue.ts. */
const visibility = 6;

function sizeOf(name: 'tasks' | 'batches' | 'broadcast'): FunctionSize {
  const { timeout, memoryMb } = functionNeeds[name];
  return { timeoutMs: timeout * 1_000, memoryMb };
}

/** The id of the call that asks for the broadcast. */
const source = 'call';

/** The settings of a stack that sets none. */
const usualSettings: Omit<Settings, 'maxPostsPerSecond'> = {
  webhookBaseUrl: 'http://app.example/websocket',
  format: form,
  hooks: new Set(hookEvents),
  hookTimeoutMs: 10_000,
  messageFailure: 'retry',
  messageRetryMs: 21_600_000,
  presenceGraceMs: 5_000,
  forwardHeaders: [],
  requireTicket: false,
  allowedOrigins: undefined,
  messageBytes: limits.messageBytes,
  webSocketUrl: 'wss://gateway.example/prod',
  replyBy: 'route',
  probeMinutes: 30,
};

/** A deployed gateway in one region of AWS, all of it simulated but the gateway itself. */
export class Region {
  readonly clock = new SimulatedClock();
  readonly log = new CountingLog();
  readonly crowd: Crowd;
  readonly api: ApiGateway;
  readonly tables: Tables;
  readonly queues: { readonly tasks: Queue; readonly batches: Queue };
  readonly calls: Lambda<string, undefined>;
  readonly coordinators: Lambda<QueueEvent>;
  readonly workers: Lambda<QueueEvent>;
  readonly #random: Random;
  readonly #settings: Settings;

  constructor({ sockets, seed = 1, maxPostsPerSecond = 6_000, ...scenario }: Scenario) {
    const { clock } = this;
    const { goneEvery = 0, crashShare = 0, doubled = 0, otherPosts = 0 } = scenario;
    this.#random = new Random(seed);
    this.#settings = { ...usualSettings, maxPostsPerSecond };
    this.crowd = new Crowd(sockets, goneEvery);
    this.api = new ApiGateway(clock, this.#random, this.crowd, otherPosts);
    this.tables = new Tables(this.#random, this.crowd);
    const queue = (name: 'tasks' | 'batches'): Queue => {
      const visibilityMs = visibility * sizeOf(name).timeoutMs;
      return new Queue(clock, this.#random, { visibilityMs, receives: maxReceives[name], doubled });
    };
    this.queues = { tasks: queue('tasks'), batches: queue('batches') };
    this.calls = new Lambda(clock, this.#random, sizeOf('broadcast'), () => this.#caller());
    const startOf = (handler: typeof tasksHandler) => () => {
      const [process, gateway] = this.#process();
      return { process, handle: handler(gateway) };
    };
    this.coordinators = new Lambda(clock, this.#random, sizeOf('tasks'), startOf(tasksHandler));
    this.workers = new Lambda(clock, this.#random, sizeOf('batches'), startOf(batchesHandler), crashShare);
    consume(this.queues.tasks, this.coordinators, consumption.tasks);
    consume(this.queues.batches, this.workers, consumption.batches);
  }

  /** Broadcasts a message to all sockets, and lets time pass until nothing is left to do. Returns how it ended. */
  broadcast(body: string): Promise<BroadcastProgress> {
    return this.clock.until(this.#broadcast(body));
  }

  async #broadcast(body: string): Promise<BroadcastProgress> {
    await this.calls.invoke(body);
    const { broadcasts, clock } = this.#process()[1];
    const id = broadcastIdOf(source);
    for (;;) {
      await clock.sleep(500);
      const progress = await broadcasts.progress(id);
      if (progress === undefined) throw new Error('The broadcast was not handed over.');
      const isIdle = this.queues.tasks.length + this.queues.batches.length === 0;
      if (isIdle) return progress;
    }
  }

  /** A process that takes calls of `POST /broadcast`. */
  #caller(): Started<string, undefined> {
    const [process, gateway] = this.#process();
    const handle: Started<string, undefined>['handle'] = async (body, context) => {
      await broadcast(withDeadline(gateway, context), source, { body, except: [] });
      return undefined;
    };
    return { process, handle };
  }

  #process(): readonly [Process, AwsGateway] {
    const process = new Process(this.clock, this.#random);
    const { clock } = process;
    const access = () => this.tables.seenBy(process.sleep, process.holds);
    const gateway: AwsGateway = {
      registry: registryWith(access, memoryTables, clock, DynamoDirectory, this.log),
      broadcasts: new DynamoBroadcasts(access, memoryTables, clock, this.log),
      idempotency: new MemoryIdempotency(clock),
      deadLetters: new NoDeadLetters(),
      presences: new NoPresences(),
      connections: new ProcessConnections(process, this.clock, this.api),
      tasks: new ProcessQueue(this.queues, process, this.#random),
      app: new FakeApp(),
      breaker: new NoBreaker(),
      secrets: localSecrets({ apiKeys: [], webhookSecrets: [], urlKeys: [] }),
      clock,
      log: this.log,
      apiAuth: 'key',
      settings: this.#settings,
      policy: awsPolicy,
      deadline: Number.POSITIVE_INFINITY,
    };
    return [process, gateway];
  }
}
