import type { Breaker } from '../gateway/breaker.ts';
import type { Broadcasts } from '../gateway/broadcasts.ts';
import type { DeadLetters } from '../gateway/dead-letters.ts';
import type { EndedSockets } from '../gateway/ended-sockets.ts';
import type { Gateway, Policy } from '../gateway/gateway.ts';
import type { Idempotency } from '../gateway/idempotency.ts';
import type { Clock, Connections, Log } from '../gateway/ports.ts';
import type { Presences } from '../gateway/presences.ts';
import { HttpApp } from '../node/http-app.ts';
import { limits } from '../wire/limits.ts';
import { awsBasics, type Basics } from './basics.ts';
import type { Caller } from './client/aws-service.ts';
import { SignedConnections } from './connections/signed-connections.ts';
import { type DynamoAccess, dynamoAccess } from './dynamo/calls.ts';
import { NoBreaker } from './dynamo/no-breaker.ts';
import { NoBroadcasts } from './dynamo/no-broadcasts.ts';
import { NoDeadLetters } from './dynamo/no-dead-letters.ts';
import { NoDirectory } from './dynamo/no-directory.ts';
import { NoIdempotency } from './dynamo/no-idempotency.ts';
import { NoPresences } from './dynamo/no-presences.ts';
import { type DirectoryClass, registryWith } from './dynamo/registry.ts';
import { SqsTaskQueue } from './queue/sqs-task-queue.ts';

/** The policy on AWS. */
export const awsPolicy = {
  defersDeliveries: true,
  keepsOrder: false,
  looksCost: true,
  retry: { attempts: 3, withinMs: 5_000 },
  closedRetryWindowMs: 86_400_000,
  // Longer than any function runs, so that the holder of a lease that has ended is dead.
  leaseMs: 90_000,
  staleMs: 90_000,
  sweepsFinishFlushes: true,
  flushRetryMs: 1_000,
  goneGraceMs: 10_000,
  // One message of SQS. A worker posts it in a second.
  batchSockets: 1_500,
  batchBytes: Number.POSITIVE_INFINITY,
  // SQS: at most 262,144 bytes. A message of 1,500 sockets has 39,000.
  batchesPerCall: 6,
  batchRetryMs: 15_000,
  // Each keeps a part of `maxPostsPerSecond`, so no lock is needed.
  broadcastWorkers: 4,
  untoldMs: 90_000,
  // A margin for a `$disconnect` that is on its way.
  lifeMs: limits.lifeMs + 300_000,
} as const satisfies Policy;

/** A way to reach connections. */
type ConnectionsClass = new (callbackUrl: string, caller: Caller, clock: Clock) => Connections;

/** A way to keep broadcasts: in a table of DynamoDB. */
type BroadcastsClass = new (
  access: DynamoAccess,
  tables: { readonly broadcasts: string },
  clock: Pick<Clock, 'now'>,
  log: Pick<Log, 'warnOnce'>,
) => Broadcasts;

/** A way to keep idempotency keys: in the same table. */
type IdempotencyClass = new (
  access: DynamoAccess,
  tables: { readonly broadcasts: string },
  clock: Pick<Clock, 'now'>,
) => Idempotency;

/** A way to keep dead letters: in a table of DynamoDB. */
type DeadLettersClass = new (
  access: DynamoAccess,
  tables: { readonly deadLetters: string },
  clock: Pick<Clock, 'now'>,
  log: Pick<Log, 'warnOnce'>,
) => DeadLetters;

/** A way to keep the circuit breaker: in the table of broadcasts. */
type BreakerClass = new (
  access: DynamoAccess,
  tables: { readonly broadcasts: string },
  clock: Pick<Clock, 'now' | 'monotonic'>,
) => Breaker;

/** A way to keep who is in which group: in the table of broadcasts. */
type PresencesClass = new (
  access: DynamoAccess,
  tables: { readonly broadcasts: string },
  clock: Pick<Clock, 'now'>,
) => Presences;

/** A way to keep the records of ended sockets: in the same table. */
type EndedSocketsClass = new (
  access: DynamoAccess,
  tables: { readonly deadLetters: string },
  isKeeping: boolean,
) => EndedSockets;

/** A gateway whose tasks wait in SQS. */
export interface AwsGateway extends Gateway, Pick<Basics, 'apiAuth'> {
  readonly tasks: SqsTaskQueue;
}

/** The parts that differ between functions. */
interface Needs {
  /** Finds sockets. Without one, a function only knows the sockets that its events name. */
  readonly Directory?: DirectoryClass;
  /** A function that rarely calls @connections may use the SDK instead. */
  readonly Connections?: ConnectionsClass;
  /** Without one, a function has nothing to do with broadcasts that go on after their calls. */
  readonly Broadcasts?: BroadcastsClass;
  /** Without one, a function has no calls with idempotency keys. */
  readonly Idempotency?: IdempotencyClass;
  /** Without one, no hook of a function can die. */
  readonly DeadLetters?: DeadLettersClass;
  /** Without one, a function posts no hooks. */
  readonly Breaker?: BreakerClass;
  /** Without one, a function changes no groups, and ends no sockets. */
  readonly Presences?: PresencesClass;
  /** Only for functions that end sockets, or that handle messages. */
  readonly EndedSockets?: EndedSocketsClass;
}

/** Builds a gateway on AWS, once at each cold start. */
export function awsGateway({
  Directory = NoDirectory,
  Connections = SignedConnections,
  Broadcasts = NoBroadcasts,
  Idempotency = NoIdempotency,
  DeadLetters = NoDeadLetters,
  Breaker = NoBreaker,
  Presences = NoPresences,
  EndedSockets,
}: Needs = {}): AwsGateway {
  const { aws, ...basics } = awsBasics();
  const { caller } = aws;
  // One for all, since a message waits for the handshake of each further connection. What is rare would find none open.
  const access = dynamoAccess(aws.table.endpoint, caller, basics.clock);
  return {
    ...basics,
    policy: awsPolicy,
    registry: registryWith(access, aws.table, basics.clock, Directory, basics.log),
    broadcasts: new Broadcasts(access, aws.table, basics.clock, basics.log),
    idempotency: new Idempotency(access, aws.table, basics.clock),
    deadLetters: new DeadLetters(access, aws.table, basics.clock, basics.log),
    presences: new Presences(access, aws.table, basics.clock),
    breaker: new Breaker(access, aws.table, basics.clock),
    ...(EndedSockets === undefined
      ? {}
      : { endedSockets: new EndedSockets(access, aws.table, aws.queuesMessages) }),
    connections: new Connections(aws.callbackUrl, caller, basics.clock),
    app: new HttpApp(new URL(basics.settings.webhookBaseUrl).origin, basics.clock),
    tasks: new SqsTaskQueue(aws.queue, caller, basics.clock),
    // Each run sets its own.
    deadline: Number.POSITIVE_INFINITY,
  };
}
