import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import type { Dynamo } from '../../../functions/aws/dynamo/calls.ts';
import { type AwsGateway, awsPolicy } from '../../../functions/aws/gateway.ts';
import { batchesHandler } from '../../../functions/aws/handlers/batches-handler.ts';
import { lambdaClock as clock } from '../../../functions/aws/lambda-clock.ts';
import { writeTask } from '../../../functions/aws/queue/task-message.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { MemoryDynamo } from '../../fakes/memory-dynamo.ts';
import { Crowd } from '../../simulate/crowd.ts';
import { LiveHeap, peakResidentBytes } from '../measure/live-heap.ts';
import { answer } from '../measure/questions.ts';
import type { Connecting, Held, Posting, Worked } from '../worker.ts';
import { broadcast, broadcastGateway, caller } from './broadcast-gateway.ts';

const context = { getRemainingTimeInMillis: () => 30_000 };
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

/** A gateway of a function, with tables in its own memory, as DynamoDB's JSON. */
function gatewayOf(connections: Connections, maxPostsPerSecond: number): AwsGateway {
  const memory = new MemoryDynamo();
  const access = (): Dynamo => ({
    run: async (operation, input) => JSON.parse(JSON.stringify(await memory.run(operation, input))),
  });
  return broadcastGateway({ access, sqs: 'http://127.0.0.1:9', connections, maxPostsPerSecond });
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
async function post({ sockets, perSecond, collectsEvery, ...how }: Posting): Promise<Worked & Held> {
  const key = JSON.stringify(how);
  if (warm?.key !== key) warm = { key, connections: await connectionsOf(how) };
  const heap = collectsEvery === undefined ? undefined : new LiveHeap(collectsEvery);
  const connections = heap === undefined ? warm.connections : looking(warm.connections, heap);
  const gateway = gatewayOf(connections, perSecond ?? Number.POSITIVE_INFINITY);
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
  return { ...worked, heapBytes: heap?.peakBytes ?? 0, residentBytes: peakResidentBytes() };
}

/** The same connections. Each post is a moment at which the heap may be looked at. */
function looking(connections: Connections, heap: LiveHeap): Connections {
  return {
    post: (...given) => {
      heap.look();
      return connections.post(...given);
    },
    close: (socket) => connections.close(socket),
    has: (socket) => connections.has(socket),
  };
}

answer({
  post: (given) => post(given as Parameters<typeof post>[0]),
});
