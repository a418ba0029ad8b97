import { expect, test } from 'vitest';
import { spread } from '../../functions/gateway/deliver/spread.ts';
import { Width } from '../../functions/gateway/deliver/width.ts';
import type { DeliverTask } from '../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { newSocket } from '../fakes/a-record.ts';
import { deployedWorld } from '../fakes/deployed-world.ts';

test('the tasks of a run share what is under way at once, and each of them gets on', async () => {
  const { gateway, connections, clock, admit } = deployedWorld();
  const records: SocketRecord[] = [];
  for (let at = 0; at < 100; at++) records.push(await admit());
  let [underWay, most] = [0, 0];
  const first: string[] = [];
  for (const { socket } of records)
    connections.script(socket, async (_, body) => {
      most = Math.max(most, ++underWay);
      if (first.length < 40) first.push(body);
      await clock.sleep(10);
      underWay -= 1;
      return { kind: 'posted' };
    });
  const bodies = ['a', 'b', 'c', 'd', 'e'];
  const tasks = bodies.map(
    (body): DeliverTask => ({
      ...{ kind: 'deliver', socket: newSocket(), hook: 'message_1', broadcast: [], close: false },
      send: [{ body, malformed: [], sockets: records.map(({ socket }) => socket) }],
    }),
  );
  const run = { ...gateway, width: new Width(20) };
  await clock.until(Promise.all(tasks.map((task) => spread(run, task))));
  expect(connections.arrived).toHaveLength(500);
  // One more for each that was just about to begin.
  expect(most).toBeGreaterThanOrEqual(20);
  expect(most).toBeLessThanOrEqual(25);
  expect(new Set(first)).toEqual(new Set(bodies));
});
