import type { Caller } from '../../../functions/aws/client/aws-service.ts';
import { DynamoBroadcasts } from '../../../functions/aws/dynamo/broadcasts.ts';
import type { DynamoAccess } from '../../../functions/aws/dynamo/calls.ts';
import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import { type AwsGateway, awsPolicy } from '../../../functions/aws/gateway.ts';
import { lambdaClock as clock } from '../../../functions/aws/lambda-clock.ts';
import { SqsTaskQueue } from '../../../functions/aws/queue/sqs-task-queue.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';

/** A function's role. */
export const caller = {
  region: 'eu-central-1',
  credentials: {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    // As long as the session token of a function's role.
    sessionToken: 'IQoJb3JpZ2luX2Vj'.repeat(60),
  },
} as const satisfies Caller;

/** A broadcast to everybody. */
export const broadcast = {
  body: 'm'.repeat(128),
  except: [],
  path: undefined,
  user: undefined,
  group: undefined,
} as const;

/** Where the gateway of a function finds its parts. */
interface Parts {
  readonly access: DynamoAccess;
  /** The URL of SQS. */
  readonly sqs: string;
  readonly connections: Connections;
  readonly maxPostsPerSecond: number;
}

/** The gateway of a function that has to do with large broadcasts. */
export function broadcastGateway({ access, sqs, connections, maxPostsPerSecond }: Parts): AwsGateway {
  const log = new RecordingLog();
  const { gateway } = fakeGateway({ settings: { maxPostsPerSecond }, policy: awsPolicy });
  const queues = {
    url: `${sqs}/tasks`,
    presence: undefined,
    batches: `${sqs}/batches`,
    retries: undefined,
    deadRetries: undefined,
  };
  return {
    ...gateway,
    ...{ clock, log, connections, apiAuth: 'key' },
    registry: registryWith(access, memoryTables, clock, DynamoDirectory, log),
    broadcasts: new DynamoBroadcasts(access, memoryTables, clock, log),
    tasks: new SqsTaskQueue({ ...queues, endpoint: sqs }, caller, clock),
  };
}
