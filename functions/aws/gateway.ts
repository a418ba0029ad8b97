import type { Gateway, Policy } from '../gateway/gateway.ts';
import type { Clock, Connections } from '../gateway/ports.ts';
import { HttpApp } from '../node/http-app.ts';
import { limits } from '../wire/limits.ts';
import { awsBasics, type Basics } from './basics.ts';
import type { Caller } from './client/aws-service.ts';
import { SignedConnections } from './connections/signed-connections.ts';
import { NoDirectory } from './dynamo/no-directory.ts';
import { type DirectoryClass, dynamoRegistry } from './dynamo/registry.ts';
import { SqsTaskQueue } from './queue/sqs-task-queue.ts';

/** The policy on AWS. */
export const awsPolicy = {
  defersDeliveries: true,
  keepsOrder: false,
  retry: { attempts: 3, withinMs: 5_000 },
  closedRetryWindowMs: 86_400_000,
  // Longer than any function runs, so that the holder of a lease that has ended is dead.
  leaseMs: 90_000,
  staleMs: 90_000,
  sweepsFinishFlushes: true,
  flushRetryMs: 1_000,
  goneGraceMs: 10_000,
  // A margin for a `$disconnect` that is on its way.
  lifeMs: limits.lifeMs + 300_000,
} as const satisfies Policy;

/** A way to reach connections. */
type ConnectionsClass = new (callbackUrl: string, caller: Caller, clock: Clock) => Connections;

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
}

/** Builds a gateway on AWS, once at each cold start. */
export function awsGateway({
  Directory = NoDirectory,
  Connections = SignedConnections,
}: Needs = {}): AwsGateway {
  const { aws, ...basics } = awsBasics();
  const { caller } = aws;
  return {
    ...basics,
    policy: awsPolicy,
    registry: dynamoRegistry(aws.table, caller, basics.clock, Directory, basics.log),
    connections: new Connections(aws.callbackUrl, caller, basics.clock),
    app: new HttpApp(new URL(basics.settings.webhookBaseUrl).origin, basics.clock),
    tasks: new SqsTaskQueue(aws.queue, caller, basics.clock),
    // Each run sets its own.
    deadline: Number.POSITIVE_INFINITY,
  };
}
