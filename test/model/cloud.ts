import { DynamoBreaker } from '../../functions/aws/dynamo/breaker.ts';
import { DeadLetterKeeper } from '../../functions/aws/dynamo/dead-letter-keeper.ts';
import { DynamoDeadLetters } from '../../functions/aws/dynamo/dead-letters.ts';
import { DynamoDirectory } from '../../functions/aws/dynamo/directory.ts';
import { DynamoEndedSockets } from '../../functions/aws/dynamo/ended-sockets.ts';
import { NoBroadcasts } from '../../functions/aws/dynamo/no-broadcasts.ts';
import { NoIdempotency } from '../../functions/aws/dynamo/no-idempotency.ts';
import { NoPresences } from '../../functions/aws/dynamo/no-presences.ts';
import { registryWith } from '../../functions/aws/dynamo/registry.ts';
import { type AwsGateway, awsPolicy } from '../../functions/aws/gateway.ts';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import type { DeadLetter, DeadLetters } from '../../functions/gateway/dead-letters.ts';
import type { Clock, Connections, LogFields } from '../../functions/gateway/ports.ts';
import { localSecrets } from '../../functions/local/local-secrets.ts';
import { timeouts } from '../../infra/aws/timeouts.ts';
import { lettersOf } from '../fakes/letters.ts';
import { MemoryDynamo, memoryTables } from '../fakes/memory-dynamo.ts';
import type { Random } from '../simulate/random.ts';
import { CalledQueues, ModelQueue, type UsedQueue } from './aws-queues.ts';
import { Caller } from './aws-service.ts';
import type { Setup } from './commands.ts';
import { HeardLog } from './heard-log.ts';
import { secrets, settings } from './life.ts';
import type { ModelApp } from './model-app.ts';
import type { Process } from './process.ts';
import type { Timeline } from './timeline.ts';
import { Troubles } from './trouble.ts';

/** Each sweep probes all sockets, since there are few sweeps. */
const probeMinutes = 1;

/** How long a received message is hidden: as infra/aws/task-queue.ts. */
const hidden = 6_000;

const never = new Promise<never>(() => {});

/** How a stack is set up. */
export interface Stack extends Pick<Setup, 'messageFailure'> {
  /** Whether Lambda queues each message before its function runs. */
  readonly queuesMessages: boolean;
}

/** Who is told what the Lambdas do. */
interface Told {
  logged(event: string, fields: LogFields): void;
  /** A dead letter is about to be kept. */
  keeping(letter: DeadLetter): void;
  kept(letter: DeadLetter): void;
}

/** What stands around the Lambdas: tables, queues, @connections and the app. */
export class Cloud {
  readonly dynamo = new MemoryDynamo();
  readonly troubles = new Troubles();
  readonly log: HeardLog;
  readonly queues: Readonly<Record<UsedQueue, ModelQueue>>;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #app: ModelApp;
  readonly #connections: Connections;
  readonly #stack: Stack;
  readonly #told: Told;

  constructor(
    timeline: Timeline,
    random: Random,
    app: ModelApp,
    connections: Connections,
    stack: Stack,
    told: Told,
  ) {
    this.#told = told;
    this.#timeline = timeline;
    this.#random = random;
    this.#app = app;
    this.#connections = connections;
    this.#stack = stack;
    this.log = new HeardLog((event, fields) => told.logged(event, fields));
    const queue = (name: UsedQueue, seconds: number) =>
      new ModelQueue(timeline, seconds * hidden, maxReceives[name]);
    this.queues = {
      tasks: queue('tasks', timeouts.tasks),
      retries: queue('retries', timeouts.retries),
      deadRetries: queue('deadRetries', timeouts.redrive),
    };
    this.queues.retries.bury = (body) => this.queues.deadRetries.send(body, 0);
  }

  /** All dead letters. */
  letters(): Promise<readonly DeadLetter[]> {
    const clock = { now: () => this.#timeline.time };
    const access = () => this.dynamo;
    return lettersOf({
      gateway: { deadLetters: new DynamoDeadLetters(access, memoryTables, clock, this.log) },
    });
  }

  /** The gateway of a process. `reads`: whether its function reads dead letters. */
  gatewayOf(process: Process, reads: boolean): AwsGateway {
    const timeline = this.#timeline;
    const clock: Clock = {
      now: () => timeline.time,
      monotonic: () => timeline.time - 5_000,
      random: () => this.#random.next(),
      sleep: (ms) => timeline.sleep(ms, process),
    };
    const caller = new Caller(timeline, process, this.troubles);
    const dynamo = {
      run: (operation: string, input: object) =>
        caller.call('dynamodb', operation, () => this.dynamo.run(operation, input)),
    };
    const access = () => dynamo;
    const Letters = reads ? DynamoDeadLetters : DeadLetterKeeper;
    return {
      registry: registryWith(access, memoryTables, clock, DynamoDirectory, this.log),
      broadcasts: new NoBroadcasts(),
      idempotency: new NoIdempotency(),
      deadLetters: this.#noted(new Letters(access, memoryTables, clock, this.log)),
      breaker: new DynamoBreaker(access, memoryTables, clock),
      presences: new NoPresences(),
      endedSockets: new DynamoEndedSockets(access, memoryTables, this.#stack.queuesMessages),
      connections: this.#connectionsOf(process),
      tasks: new CalledQueues(this.queues, caller, clock),
      app: { post: (request) => process.call(() => this.#app.post(request, process, never)) },
      secrets: localSecrets(secrets),
      clock,
      log: this.log,
      apiAuth: 'key',
      settings: {
        ...settings,
        messageFailure: this.#stack.messageFailure,
        webhookBaseUrl: 'http://app.example/hooks',
        webSocketUrl: 'wss://gateway.example/prod',
        messageBytes: 131_072,
        replyBy: 'route',
        probeMinutes,
        maxPostsPerSecond: 6_000,
      },
      policy: awsPolicy,
      deadline: Number.POSITIVE_INFINITY,
    };
  }

  #noted(letters: DeadLetters): DeadLetters {
    return {
      put: async (letter) => {
        this.#told.keeping(letter);
        const kept = await letters.put(letter);
        this.#told.kept(letter);
        return kept;
      },
      get: (id) => letters.get(id),
      list: (...asked) => letters.list(...asked),
      remove: (...asked) => letters.remove(...asked),
    };
  }

  #connectionsOf(process: Process): Connections {
    const connections = this.#connections;
    return {
      post: (socket, body) => process.call(() => connections.post(socket, body)),
      close: (socket) => process.call(() => connections.close(socket)),
      has: (socket) => process.call(() => connections.has(socket)),
    };
  }
}
