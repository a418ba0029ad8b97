import { expect, test } from 'vitest';
import { broadcast } from '../../functions/gateway/deliver/broadcast.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import { localTasks } from '../fakes/local-tasks.ts';
import { eventually } from '../support/eventually.ts';

test('a broadcast to 100,000 sockets lets other work have its turn after each batch', async () => {
  const world = fakeGateway({ policy: { batchSockets: 100 } });
  for (let at = 0; at < 100_000; at++) await world.admit();
  let [posted, inTurn, most] = [0, 0, 0];
  const post = () => {
    posted += 1;
    inTurn += 1;
    most = Math.max(most, inTurn);
    return { kind: 'posted' } as const;
  };
  const connections = { ...world.connections, post, close: async () => {}, has: async () => true };
  const gateway: Gateway = {
    ...world.gateway,
    connections,
    tasks: localTasks((task) => runTask(gateway, task), world.log),
  };
  let isOver = false;
  const turn = (): void => {
    inTurn = 0;
    if (!isOver) setImmediate(turn);
  };
  turn();
  const outcome = await broadcast(gateway, 'call', { body: 'hello', except: [] });
  expect(posted, 'before the call is answered').toBe(0);
  await eventually('all posts', () => posted === 100_000);
  isOver = true;
  expect(most, 'posts in one turn').toBeLessThanOrEqual(200);
  if (!('id' in outcome) || outcome.id === 'full') throw new Error('The broadcast was not handed over.');
  expect(await gateway.broadcasts.progress(outcome.id)).toMatchObject({ found: 100_000 });
});
