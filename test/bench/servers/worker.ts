import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import { DynamoBroadcasts } from '../../../functions/aws/dynamo/broadcasts.ts';
import type { Dynamo } from '../../../functions/aws/dynamo/calls.ts';
import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import { type AwsGateway, awsPolicy } from '../../../functions/aws/gateway.ts';
import { batchesHandler } from '../../../functions/aws/handlers/batches-handler.ts';
import { lambdaClock as clock } from '../../../functions/aws/lambda-clock.ts';
import { SqsTaskQueue } from '../../../functions/aws/queue/sqs-task-queue.ts';
import { writeTask } from '../../../functions/aws/queue/task-message.ts';
import { coordinate } from '../../../functions/gateway/broadcast/coordinate.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import type { BatchTask } from '../../../functions/gateway/tasks.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { memoryTables } from '../../fakes/memory-dynamo.ts';
import { Crowd } from '../../simulate/crowd.ts';
import { Random } from '../../simulate/random.ts';
import { Tables } from '../../simulate/table.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { answer } from '../measure/questions.ts';
import { text128 } from '../shapes.ts';
import type { Connecting, Posting, Worked } from '../worker.ts';

const caller = {
  region: 'eu-central-1',
  credentials: {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    // As long as the session token of a function's role.
    sessionToken: 'IQoJb3JpZ2luX2Vj'.repeat(60),
  },
};
const nowhere = {
  url: 'http://127.0.0.1:9/tasks',
  batches: 'http://127.0.0.1:9/batches',
  retries: undefined,
  deadRetries: undefined,
};
const context = { getRemainingTimeInMillis: () => 30_000 };
const broadcast = { body: text128, except: [], path: undefined, user: undefined, group: undefined };
let made = 0;

async function connectionsOf({ way, origin, connections }: Connecting): Promise<Connections> {
  const callback = `${origin}/prod`;
  if (way === 'signed') return new SignedConnections(callback, { ...caller, connections }, clock);
  return stock(callback, connections);
}

/** The SDK's client as everybody makes it, on as many connections. */
async function stock(endpoint: string, maxSockets: number): Promise<Connections> {
  const { ApiGatewayManagementApiClient, PostToConnectionCommand } = await import(
    '@aws-sdk/client-apigatewaymanagementapi'
  );
  const requestHandler = { httpsAgent: { maxSockets }, socketAcquisitionWarningTimeout: 60_000 };
  const client = new ApiGatewayManagementApiClient({ ...caller, endpoint, requestHandler });
  return {
    post: async (socket, body) => {
      const Data = new TextEncoder().encode(body);
      await client.send(new PostToConnectionCommand({ ConnectionId: socket, Data }));
      return { kind: 'posted' };
    },
    close: async () => {},
    has: async () => true,
  };
}

/** A gateway of a function, with tables of this many sockets in its own memory, as DynamoDB's JSON. */
function gatewayOf(sockets: number, connections: Connections, maxPostsPerSecond: number): AwsGateway {
  const tables = new Tables(new Random(1), new Crowd(sockets));
  const seen = tables.seenBy(
    () => Promise.resolve(),
    () => {},
  );
  const access = (): Dynamo => ({
    run: async (operation, input) => JSON.parse(JSON.stringify(await seen.run(operation, input))),
  });
  const log = new RecordingLog();
  const { gateway } = fakeGateway({ settings: { maxPostsPerSecond }, policy: awsPolicy });
  return {
    ...gateway,
    ...{ clock, log, connections, apiAuth: 'key' },
    registry: registryWith(access, memoryTables, clock, DynamoDirectory, log),
    broadcasts: new DynamoBroadcasts(access, memoryTables, clock, log),
    tasks: new SqsTaskQueue({ ...nowhere, endpoint: 'http://127.0.0.1:9' }, caller, clock),
  };
}

/**
 * The batches of a broadcast to this many sockets, as messages of SQS, each made when it is asked for. Throws in the end
 * if not all were delivered.
 */
async function* messages({ broadcasts }: AwsGateway, sockets: number): AsyncGenerator<string> {
  made += 1;
  const id = broadcastIdOf(`bench ${made}`);
  await broadcasts.create({ ...broadcast, id, segments: 1, startedAt: clock.now() });
  const crowd = new Crowd(0);
  const size = awsPolicy.batchSockets;
  for (let from = 0; from < sockets; from += size) {
    const recipients = Array.from({ length: Math.min(size, sockets - from) }, (_, at) => {
      return { socket: crowd.at(from + at), status: 'open', acceptedAt: 1_764_000_000_000 } as const;
    });
    const batch = { broadcast: id, segment: 0, at: from / size };
    await broadcasts.cut(batch, recipients.at(-1)?.socket ?? '', recipients.length);
    yield* writeTask({ kind: 'batch', ...batch, part: 0, sockets: recipients });
  }
  const delivered = (await broadcasts.progress(id))?.delivered ?? 0;
  if (delivered !== sockets) throw new Error(`Of ${sockets} posts, ${delivered} were delivered.`);
}

let warm: { readonly key: string; readonly connections: Connections } | undefined;

/** Posts the batches one after another, on connections that stay from one question to the next. */
async function post({ sockets, perSecond, ...how }: Posting): Promise<Worked> {
  const key = JSON.stringify(how);
  if (warm?.key !== key) warm = { key, connections: await connectionsOf(how) };
  const gateway = gatewayOf(0, warm.connections, perSecond ?? Number.POSITIVE_INFINITY);
  const handle = batchesHandler(gateway);
  const worked = { ms: 0, cpuUs: 0 };
  let messageId = 0;
  for await (const body of messages(gateway, sockets)) {
    messageId += 1;
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const { batchItemFailures } = await handle(
      { Records: [{ messageId: String(messageId), body }] },
      context,
    );
    worked.ms += performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    worked.cpuUs += user + system;
    if (batchItemFailures.length > 0) throw new Error('A batch failed.');
  }
  return { ...worked, peakBytes: peak() };
}

/** How long a post takes that is alone, in milliseconds: one after another. */
async function alone({ times, ...how }: Connecting & { readonly times: number }): Promise<number[]> {
  const connections = await connectionsOf(how);
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    await connections.post(new Crowd(0).at(time), text128);
    took.push(performance.now() - began);
  }
  return took;
}

/** Reads all segments of a broadcast and cuts them into messages, which are dropped. */
async function cut({ sockets }: { readonly sockets: number }): Promise<Worked> {
  const nobody: Connections = {
    post: () => ({ kind: 'posted' }),
    close: async () => {},
    has: async () => true,
  };
  const gateway = gatewayOf(sockets, nobody, 6_000);
  let found = 0;
  const tasks = {
    enqueue: async () => {
      throw new Error('A segment was not read to its end.');
    },
    enqueueBatches: async (batches: readonly BatchTask[]) => {
      for (const batch of batches) {
        found += batch.sockets.length;
        writeTask(batch);
      }
    },
  };
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const id = broadcastIdOf('bench');
  const segments = gateway.registry.segmentsOf({});
  await gateway.broadcasts.create({ ...broadcast, id, segments, startedAt: clock.now() });
  await Promise.all(
    Array.from({ length: segments }, (_, segment) =>
      coordinate({ ...gateway, tasks }, { broadcast: id, segment }),
    ),
  );
  if (found !== sockets) throw new Error(`Of ${sockets} sockets, ${found} were cut.`);
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - began, cpuUs: user + system, peakBytes: peak() };
}

/** The most resident memory that this process has had. */
function peak(): number {
  return process.resourceUsage().maxRSS * 1_024;
}

answer({
  peak,
  post: (given) => post(given as Parameters<typeof post>[0]),
  alone: (given) => alone(given as Parameters<typeof alone>[0]),
  cut: (given) => cut(given as Parameters<typeof cut>[0]),
});
