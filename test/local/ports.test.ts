import { afterAll } from 'vitest';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import type { Task } from '../../functions/gateway/tasks.ts';
import { InspectedRegistry } from '../../functions/local/inspector/inspected-registry.ts';
import { ShownSockets } from '../../functions/local/inspector/shown-sockets.ts';
import { MemoryBreaker } from '../../functions/local/memory-breaker.ts';
import { MemoryBroadcasts } from '../../functions/local/memory-broadcasts.ts';
import { MemoryIdempotency } from '../../functions/local/memory-idempotency.ts';
import { MemoryPresences } from '../../functions/local/memory-presences.ts';
import { MemoryRegistry } from '../../functions/local/memory-registry.ts';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import { Sessions } from '../../functions/local/sessions.ts';
import { limitSets } from '../../functions/local/settings.ts';
import { SocketQueues } from '../../functions/local/socket-queues.ts';
import { WebSocketServer } from '../../functions/local/web-socket-server.ts';
import { createUpgradeServer } from '../../functions/websocket/upgrade-server.ts';
import { breakerContract } from '../contract/ports/breaker.ts';
import { broadcastsContract } from '../contract/ports/broadcasts.ts';
import { connectionsContract, type OpenConnection } from '../contract/ports/connections.ts';
import { idempotencyContract } from '../contract/ports/idempotency.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { presencesContract } from '../contract/ports/presences.ts';
import { registryContract } from '../contract/ports/registry.ts';
import { taskQueueContract } from '../contract/ports/task-queue.ts';
import { aPath } from '../fakes/a-record.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import { localTasks, localTasksOf } from '../fakes/local-tasks.ts';
import { connect } from '../support/client.ts';
import { RecordingLog } from '../support/recording-log.ts';

registryContract('memory registry', async (clock) => new MemoryRegistry(clock));
registryContract('inspected registry', async (clock) => {
  const sockets = new ShownSockets({ changed() {}, ended() {} });
  return new InspectedRegistry(clock, undefined, sockets);
});

breakerContract('memory breaker', async () => ({ breaker: new MemoryBreaker() }));

broadcastsContract('memory broadcasts', async (clock) => new MemoryBroadcasts(clock));

idempotencyContract('memory idempotency', async (clock) => new MemoryIdempotency(clock));

presencesContract(
  'memory presences',
  async (clock) => new MemoryPresences(new MemoryStore(), clock, new RecordingLog()),
);

taskQueueContract('local tasks', async (runTask) => localTasks(runTask, new RecordingLog()));

/** A server with sessions behind it, whose clients an app lets in that only answers. */
const sessions = new Sessions();
const { gateway: fakes, app, log } = fakeGateway();
const run = (task: Task): Promise<void> => runTask(gateway, task);
const queues = new SocketQueues(run, log);
const gateway: Gateway = { ...fakes, connections: sessions, tasks: localTasksOf(queues, run, log) };
const handler = new WebSocketServer(gateway, sessions, queues, limitSets['api-gateway']);
const server = createUpgradeServer({
  headBytes: limitSets['api-gateway'].headBytes,
  cork: () => {},
  upgrade: (upgrade) => void handler.handle(upgrade),
  errorResponse: () => Buffer.alloc(0),
  request: (_, response) => response.writeHead(404).end(),
});
const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(async () => {
  sessions.terminateAll();
  await new Promise((resolve) => server.close(resolve));
});

connectionsContract('sessions', async (): Promise<OpenConnection> => {
  await listening;
  const path = `/${app.requests.length}`;
  const client = await connect(`ws://127.0.0.1:${portOf(server)}${path}`);
  const socket = (await gateway.registry.list({ path: aPath(path) }, 1))?.sockets[0]?.socket;
  if (socket === undefined) throw new Error('The client is not in.');
  return {
    ...{ connections: sessions, socket, closed: client.closed },
    next: () => client.next(),
    leave: () => client.ws.close(),
    vanish: () => client.ws.terminate(),
  };
});
