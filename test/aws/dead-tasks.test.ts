import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { actions } from '../support/recording-app.ts';
import { Cloud, queueNames } from './cloud.ts';
import { progressOf, queuedSegment } from './queued-batch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterEach(() => {
  cloud.wires.meddler = {};
  cloud.queue.dead.length = 0;
});
afterAll(() => cloud.stop());

async function passing(ms: number): Promise<void> {
  await cloud.pass(ms);
  await cloud.settled();
}

test('sends of an answer that kill their function are posted five times, and not once more hours later', async () => {
  const other = await cloud.open();
  const { client, path } = await cloud.open(({ fields: { event } }) =>
    event === 'message' ? actions({ send: [{ sockets: other.from, body: 'again and again' }] }) : 204,
  );
  cloud.wires.meddler = {
    // It dies when the message has arrived.
    after: async ({ service, operation }) => {
      if (service !== 'connections' || operation !== 'POST') return undefined;
      await cloud.lambdas.tasks.kill();
      return 'cut';
    },
  };
  client.send('hello');
  await cloud.app.hook(path, 'message');
  await cloud.settled();
  for (let attempt = 2; attempt <= 5; attempt++) {
    expect([other.client.left.length, cloud.queue.dead], `before attempt ${attempt}`).toEqual([
      attempt - 1,
      [],
    ]);
    await passing(360_000);
  }
  expect([other.client.left.length, cloud.queue.dead.length], 'after five attempts').toEqual([5, 1]);
  for (let hour = 0; hour < 3; hour++) await passing(3_600_000);
  expect(other.client.left.length, 'hours later').toBe(5);
}, 60_000);

test('a segment of a broadcast that fails five times is dead, and reaches everybody once it is moved back', async () => {
  const { client } = await cloud.open(({ fields: { event } }) =>
    event === 'handshake' ? actions({ user: 'segment' }) : 204,
  );
  let attempts = 0;
  cloud.wires.meddler = {
    before: ({ service, operation, body }) => {
      if (service !== 'dynamodb' || operation !== 'UpdateItem' || !body.includes('segment#'))
        return undefined;
      attempts += 1;
      return {
        status: 400,
        json: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'No.' },
      };
    },
  };
  const id = await queuedSegment(cloud, 'segment');
  await cloud.settled();
  for (const seconds of [5, 20, 80, 320]) {
    expect(cloud.queue.dead, `before ${seconds} more seconds`).toEqual([]);
    await passing(seconds * 1_000);
  }
  const [dead = '', ...others] = cloud.queue.dead;
  expect([attempts, JSON.parse(dead), others]).toEqual([
    5,
    { kind: 'segment', broadcast: id, segment: 0 },
    [],
  ]);
  // Nobody knows how many sockets are left.
  expect(await progressOf(cloud, id)).toMatchObject({ status: 'running', found: 0 });
  cloud.wires.meddler = {};
  await passing(3_600_000);
  expect(client.left, 'an hour later').toEqual([]);
  cloud.queue.put(queueNames.tasks, dead);
  await cloud.settled();
  expect([client.left.length, await progressOf(cloud, id)]).toMatchObject([
    1,
    { status: 'done', delivered: 1 },
  ]);
}, 60_000);
