import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Faults } from './api-gateway/faults.ts';
import { Cloud, type Opened } from './cloud.ts';
import { progressOf, queuedBatch } from './queued-batch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterEach(() => {
  Object.assign(cloud.gateway.faults, new Faults());
  cloud.wires.meddler = {};
  cloud.queue.doubled = 0;
  cloud.queue.repeated = 0;
  cloud.queue.dead.length = 0;
});
afterAll(() => cloud.stop());

const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };

async function opened(count: number): Promise<Opened[]> {
  return Promise.all(Array.from({ length: count }, () => cloud.open()));
}

/** What each client got: nothing comes any more when all is settled. */
async function gotBy(sockets: readonly Opened[]): Promise<number[]> {
  await cloud.settled();
  return sockets.map(({ client }) => client.left.length);
}

describe('a batch that SQS hands over', () => {
  test('twice at once is posted once, by one of the workers, and the other comes again', async () => {
    const sockets = await opened(3);
    cloud.queue.doubled = 1;
    const { id } = await queuedBatch(cloud, sockets);
    expect(await gotBy(sockets)).toEqual([1, 1, 1]);
    await cloud.pass(180_000);
    expect(await gotBy(sockets)).toEqual([1, 1, 1]);
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', found: 3, delivered: 3 });
    expect(cloud.log.filter(({ event }) => event === 'fault')).toEqual([]);
  });

  test('again after success is not posted again', async () => {
    const sockets = await opened(3);
    cloud.queue.repeated = 1;
    const { id } = await queuedBatch(cloud, sockets);
    expect(await gotBy(sockets)).toEqual([1, 1, 1]);
    await cloud.pass(180_000);
    expect(await gotBy(sockets)).toEqual([1, 1, 1]);
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', delivered: 3 });
  });

  test('while a worker that died has its claim comes again until that ends, and is not dead', async () => {
    const sockets = await opened(2);
    cloud.queue.hold();
    const { id, task } = await queuedBatch(cloud, sockets);
    expect((await cloud.ports.broadcasts.claimBatch(task, 0, 90_000)).kind).toBe('claimed');
    cloud.queue.release();
    expect(await gotBy(sockets)).toEqual([0, 0]);
    await cloud.pass(10_000);
    expect(await gotBy(sockets)).toEqual([0, 0]);
    await cloud.pass(90_000);
    expect(await gotBy(sockets)).toEqual([1, 1]);
    expect([await progressOf(cloud, id), cloud.queue.dead]).toMatchObject([{ status: 'done' }, []]);
    expect(cloud.log.filter(({ event }) => event === 'broadcast_busy')).not.toEqual([]);
    expect(cloud.log.filter(({ event }) => event === 'fault')).toEqual([]);
  });
});

test('a batch that fails every time is dead after five attempts, and holds up no other', async () => {
  const [unlucky, lucky] = [await opened(1), await opened(1)];
  const poison = await queuedBatch(cloud, unlucky, { at: 999_999 });
  cloud.wires.meddler = {
    before: ({ service, body }) =>
      service === 'dynamodb' && body.includes('999999')
        ? { status: 400, json: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'No.' } }
        : undefined,
  };
  const other = await queuedBatch(cloud, lucky);
  expect(await gotBy(lucky)).toEqual([1]);
  for (const seconds of [5, 20, 80, 320]) {
    await cloud.pass(seconds * 1_000);
    await cloud.settled();
  }
  expect(cloud.queue.dead.map((body) => JSON.parse(body).broadcast)).toEqual([poison.id]);
  expect([await gotBy(unlucky), await progressOf(cloud, poison.id)]).toMatchObject([
    [0],
    { status: 'running', found: 1, ...counts },
  ]);
  expect(await progressOf(cloud, other.id)).toMatchObject({ status: 'done', delivered: 1 });
  // Each attempt is a fault, which rings as well as the queue of dead batches does.
  expect(cloud.log.filter(({ event }) => event === 'fault').length).toBeGreaterThanOrEqual(5);
});

test('a batch whose function dies every time has failed for its sockets, and its broadcast is done', async () => {
  const sockets = await opened(2);
  let deaths = 0;
  cloud.wires.meddler = {
    before: async ({ service, operation }) => {
      if (service !== 'connections' || operation !== 'POST') return undefined;
      deaths += 1;
      await cloud.lambdas.batches.kill();
      return 'cut';
    },
  };
  const { id } = await queuedBatch(cloud, sockets);
  await cloud.settled();
  for (let attempt = 2; attempt <= 5; attempt++) {
    expect(await progressOf(cloud, id), `before attempt ${attempt}`).toMatchObject({
      status: 'running',
      failed: 0,
    });
    await cloud.pass(180_000);
    await cloud.settled();
  }
  expect([deaths >= 5, cloud.queue.dead.length]).toEqual([true, 1]);
  expect(await progressOf(cloud, id), 'while nobody knows').toMatchObject({ status: 'running', failed: 0 });
  await cloud.pass(90_000);
  expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', found: 2, ...counts, failed: 2 });
  expect(await gotBy(sockets)).toEqual([0, 0]);
});

test('429s of the account slow a batch down, and nobody misses the message or gets it twice', async () => {
  const sockets = await opened(20);
  let refused = 0;
  // Every second post, and all of them until 30 are refused.
  cloud.gateway.faults.throttled = () => {
    refused += 1;
    return refused <= 30 || refused % 2 === 0;
  };
  const { id } = await queuedBatch(cloud, sockets);
  expect(await gotBy(sockets)).toEqual(sockets.map(() => 1));
  expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', delivered: 20, failed: 0 });
  expect(refused).toBeGreaterThan(30);
});

test('a socket that is gone is counted, told to the app, and holds up no other', async () => {
  const sockets = await opened(3);
  const [gone] = sockets;
  cloud.gateway.faults.gone = (id) => id === gone?.from;
  const { id } = await queuedBatch(cloud, sockets);
  expect(await gotBy(sockets)).toEqual([0, 1, 1]);
  expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', delivered: 2, gone: 1 });
  expect((await cloud.app.hook(gone?.path ?? '', 'closed')).fields['code']).toBe('1006');
});

test('a broadcast that was cancelled posts nothing more', async () => {
  const sockets = await opened(2);
  cloud.queue.hold();
  const { id } = await queuedBatch(cloud, sockets);
  expect((await cloud.api.call('DELETE', `/broadcasts/${id}`)).status).toBe(204);
  cloud.queue.release();
  expect(await gotBy(sockets)).toEqual([0, 0]);
  expect(await progressOf(cloud, id)).toMatchObject({ status: 'cancelled', found: 2, ...counts });
});
