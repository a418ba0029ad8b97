import { expect, test } from 'vitest';
import { runDeliveries } from '../../../functions/gateway/deliver/run-deliveries.ts';
import { DeliveryLimit } from '../../../functions/gateway/delivery-limit.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import type { DeliveriesTask } from '../../../functions/gateway/tasks.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { deployedWorld } from '../../fakes/deployed-world.ts';

test('the tasks of a run share what is under way at once, and each of them gets on', async () => {
  const { gateway, connections, clock, admit } = deployedWorld();
  const records: SocketRecord[] = [];
  for (let at = 0; at < 100; at++) records.push(await admit());
  let [underWay, max] = [0, 0];
  const first: string[] = [];
  for (const { socket } of records)
    connections.script(socket, async (_, body) => {
      max = Math.max(max, ++underWay);
      if (first.length < 40) first.push(body);
      await clock.sleep(10);
      underWay -= 1;
      return { kind: 'posted' };
    });
  const bodies = ['a', 'b', 'c', 'd', 'e'];
  const tasks = bodies.map(
    (body): DeliveriesTask => ({
      ...{ kind: 'deliveries', socket: newSocket(), hook: 'message_1', broadcast: [], close: false },
      send: [{ body, malformed: [], sockets: records.map(({ socket }) => socket) }],
    }),
  );
  const run = { ...gateway, deliveryLimit: new DeliveryLimit(20) };
  await clock.until(Promise.all(tasks.map((task) => runDeliveries(run, task))));
  expect(connections.arrived).toHaveLength(500);
  // One more for each that was just about to begin.
  expect(max).toBeGreaterThanOrEqual(20);
  expect(max).toBeLessThanOrEqual(25);
  expect(new Set(first)).toEqual(new Set(bodies));
});
