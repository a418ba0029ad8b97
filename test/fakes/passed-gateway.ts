import type { Broadcasts } from '../../functions/gateway/broadcasts.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { type Pass, PassedRegistry } from './passed-registry.ts';

export type { Pass } from './passed-registry.ts';

/** A gateway that makes every call to the world through a pass: registry, connections, app, queue and pauses. */
export function passedGateway(gateway: Gateway, pass: Pass): Gateway {
  const { registry, broadcasts, connections, app, tasks, clock } = gateway;
  return {
    ...gateway,
    registry: new PassedRegistry(registry, pass),
    broadcasts: passedBroadcasts(broadcasts, pass),
    connections: {
      post: (socket, body) => pass(`post ${body}`, async () => connections.post(socket, body)),
      close: (socket) => pass('end', () => connections.close(socket)),
      has: (socket) => pass('has', () => connections.has(socket)),
    },
    app: { post: (request) => pass(`hook ${request.headers['webhook-id']}`, () => app.post(request)) },
    tasks: {
      enqueue: (task, delay) => pass(`queue ${task.kind}`, () => tasks.enqueue(task, delay)),
      enqueueBatches: (batches, delay) =>
        pass(`queue ${batches.length} batches`, () => tasks.enqueueBatches(batches, delay)),
    },
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      random: () => clock.random(),
      sleep: (ms) => pass('sleep', () => clock.sleep(ms)),
    },
  };
}

function passedBroadcasts(broadcasts: Broadcasts, pass: Pass): Broadcasts {
  return {
    create: (broadcast) => pass('create', () => broadcasts.create(broadcast)),
    get: (id) => pass('get broadcast', () => broadcasts.get(id)),
    progress: (id) => pass('progress', () => broadcasts.progress(id)),
    cancel: (id) => pass('cancel', () => broadcasts.cancel(id)),
    isCancelled: (id) => pass('is cancelled', () => broadcasts.isCancelled(id)),
    claimSegment: (id, at, forMs) => pass('claim segment', () => broadcasts.claimSegment(id, at, forMs)),
    cut: (batch, end, found) => pass('cut', () => broadcasts.cut(batch, end, found)),
    queued: (id, at, progress) => pass('queued', () => broadcasts.queued(id, at, progress)),
    claimBatch: (batch, part, forMs) => pass('claim batch', () => broadcasts.claimBatch(batch, part, forMs)),
    posted: (batch, claim, counts, isDone) =>
      pass('posted', () => broadcasts.posted(batch, claim, counts, isDone)),
  };
}
