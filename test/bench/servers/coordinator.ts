import { dynamoAccess } from '../../../functions/aws/dynamo/calls.ts';
import { lambdaClock as clock } from '../../../functions/aws/lambda-clock.ts';
import { coordinate } from '../../../functions/gateway/broadcast/coordinate.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import type { TaskQueue } from '../../../functions/gateway/tasks.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { LiveHeap, peakResidentBytes } from '../measure/live-heap.ts';
import { answer } from '../measure/questions.ts';
import type { Cutting, Held } from '../worker.ts';
import { broadcast, broadcastGateway, caller } from './broadcast-gateway.ts';

const nobody: Connections = {
  post: () => ({ kind: 'posted' }),
  close: async () => {},
  has: async () => true,
};

/** Reads all segments of a broadcast at a time, and cuts them into messages. */
async function cut({ endpoint, collects }: Cutting): Promise<Held> {
  const access = dynamoAccess(endpoint, caller, clock);
  const gateway = broadcastGateway({ access, sqs: endpoint, connections: nobody, maxPostsPerSecond: 6_000 });
  const heap = collects ? new LiveHeap() : undefined;
  const tasks: TaskQueue = {
    enqueue: async () => {
      throw new Error('A segment was not read to its end.');
    },
    enqueueBatches: (batches) => {
      heap?.look();
      return gateway.tasks.enqueueBatches(batches);
    },
  };
  const id = broadcastIdOf('bench');
  const segments = gateway.registry.segmentsOf({});
  await gateway.broadcasts.create({ ...broadcast, id, segments, startedAt: clock.now() });
  await Promise.all(
    Array.from({ length: segments }, (_, segment) =>
      coordinate({ ...gateway, tasks }, { broadcast: id, segment }),
    ),
  );
  return { heapBytes: heap?.peakBytes ?? 0, residentBytes: peakResidentBytes() };
}

answer({
  cut: (given) => cut(given as Parameters<typeof cut>[0]),
});
