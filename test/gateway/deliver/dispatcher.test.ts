import { expect, test } from 'vitest';
import { Dispatcher } from '../../../functions/gateway/deliver/dispatcher.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const message = { body: 'hello', settle: () => undefined };

test.for([
  { chance: 0, share: 0.5 },
  { chance: 1, share: 1 },
])(
  'the pauses before a throttled delivery is tried again double up to a second, at chance $chance',
  async ({ chance, share }) => {
    const { gateway, connections, clock, admit } = fakeGateway();
    clock.chance = chance;
    const record = await admit();
    connections.script(record.socket, () => ({ kind: 'throttled' }));
    const dispatcher = new Dispatcher(gateway);
    await dispatcher.begin(message, record.socket, record);
    await dispatcher.settled();
    await clock.until(dispatcher.retry(10_000));
    const longest = [50, 100, 200, 400, 800, 1_000, 1_000];
    expect(clock.slept.slice(0, longest.length)).toEqual(longest.map((ms) => ms * share));
  },
);

test.for([
  { chance: 0, pause: 50 },
  { chance: 0.5, pause: 125 },
  { chance: 1, pause: 200 },
])('after 16 throttled deliveries in a row the next one waits $pause ms at chance $chance', async (row) => {
  const { gateway, connections, clock, admit } = fakeGateway();
  clock.chance = row.chance;
  const dispatcher = new Dispatcher(gateway);
  for (let count = 1; count <= 17; count++) {
    expect(clock.slept).toEqual([]);
    const record = await admit();
    connections.script(record.socket, () => ({ kind: 'throttled' }));
    await clock.until(dispatcher.begin(message, record.socket, record));
    await dispatcher.settled();
  }
  expect(clock.slept).toEqual([row.pause]);
});
