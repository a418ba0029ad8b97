import type { Gateway } from '../../functions/gateway/gateway.ts';
import { type Pass, PassedRegistry } from './passed-registry.ts';

export type { Pass } from './passed-registry.ts';

/** A gateway that makes every call to the world through a pass: registry, connections, app, queue and pauses. */
export function passedGateway(gateway: Gateway, pass: Pass): Gateway {
  const { registry, connections, app, tasks, clock } = gateway;
  return {
    ...gateway,
    registry: new PassedRegistry(registry, pass),
    connections: {
      post: (socket, body) => pass(`post ${body}`, async () => connections.post(socket, body)),
      close: (socket) => pass('end', () => connections.close(socket)),
      has: (socket) => pass('has', () => connections.has(socket)),
    },
    app: { post: (request) => pass(`hook ${request.headers['webhook-id']}`, () => app.post(request)) },
    tasks: { enqueue: (task, delay) => pass(`queue ${task.kind}`, () => tasks.enqueue(task, delay)) },
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      random: () => clock.random(),
      sleep: (ms) => pass('sleep', () => clock.sleep(ms)),
    },
  };
}
