import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BroadcastId } from '../../functions/wire/broadcast-id.ts';
import { eventually } from '../support/eventually.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';
import { progressOf } from './queued-batch.ts';

const count = 503;

let cloud: Cloud;
const sockets: Opened[] = [];
beforeAll(async () => {
  cloud = await Cloud.start();
  while (sockets.length < count) {
    const some = Math.min(25, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => cloud.open()))));
  }
}, 120_000);
afterEach(() => {
  cloud.queue.doubled = 0;
  cloud.queue.repeated = 0;
  cloud.queue.release();
});
afterAll(async () => {
  await Promise.all(sockets.map(({ client }) => client.close()));
  await cloud.stop();
});

/** Asks for a broadcast that is too large for a call. */
async function handedOver(document: Record<string, unknown>): Promise<BroadcastId> {
  const { status, headers, json } = await cloud.api.broadcast(document);
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/broadcasts/${json['broadcast']}`);
  return json['broadcast'] as BroadcastId;
}

async function done(id: BroadcastId): Promise<void> {
  const status = async () => ((await progressOf(cloud, id)) as { status: string }).status;
  await eventually('the broadcast is done', async () => (await status()) === 'done');
  await cloud.settled();
}

/** How many clients got a message so often, once nothing more is under way. */
async function howOften(body: string): Promise<Record<number, number>> {
  await cloud.settled();
  const times: Record<number, number> = {};
  for (const { client } of sockets) {
    const got = client.left.filter((each) => each === body).length;
    times[got] = (times[got] ?? 0) + 1;
  }
  return times;
}

const idsOf = (first: number): string[] => sockets.slice(0, first).map(({ from }) => from);

const counts = { found: count, delivered: count, queued: 0, gone: 0, failed: 0 };

describe('a broadcast to 503 sockets', () => {
  test('goes through both queues, reaches everybody once, and its counts add up', async () => {
    const passages = await cloud.wires.during(async () => {
      const id = await handedOver({ body: 'through the queues' });
      await done(id);
      expect(await progressOf(cloud, id)).toEqual({ broadcast: id, status: 'done', ...counts });
    });
    expect(await howOften('through the queues')).toEqual({ 1: count });
    expect(passages.filter(({ operation }) => operation === 'SendMessageBatch').length).toBeGreaterThan(0);
  });

  test('reaches everybody once though SQS hands out each message twice at once', async () => {
    cloud.queue.doubled = Number.POSITIVE_INFINITY;
    const id = await handedOver({ body: 'twice at once' });
    await done(id);
    expect(await howOften('twice at once')).toEqual({ 1: count });
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', ...counts });
  });

  test('reaches everybody once though SQS hands out messages again that were done', async () => {
    cloud.queue.repeated = 8;
    const id = await handedOver({ body: 'again after success' });
    await done(id);
    await cloud.pass(360_000);
    await cloud.settled();
    expect(cloud.queue.repeated).toBe(0);
    expect(await howOften('again after success')).toEqual({ 1: count });
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', ...counts });
  });

  test('but for two, so one more than a call reaches, leaves these out', async () => {
    const id = await handedOver({ body: 'but for two', except: idsOf(2) });
    await done(id);
    expect(await howOften('but for two')).toEqual({ 0: 2, 1: 501 });
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', found: 501, delivered: 501 });
  });

  test('but for three is done within its call', async () => {
    const { status, json } = await cloud.api.broadcast({ body: 'but for three', except: idsOf(3) });
    expect([status, json]).toEqual([200, { delivered: 500, queued: 0, gone: 0, failed: 0 }]);
    expect(await howOften('but for three')).toEqual({ 0: 3, 1: 500 });
  });

  test('that is cancelled before it is posted reaches nobody', async () => {
    cloud.queue.hold();
    const id = await handedOver({ body: 'cancelled' });
    expect((await cloud.api.call('DELETE', `/broadcasts/${id}`)).status).toBe(204);
    cloud.queue.release();
    expect(await howOften('cancelled')).toEqual({ 0: count });
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'cancelled', delivered: 0 });
  });

  test('with a key is one broadcast, at whatever moment its function is killed', async () => {
    cloud.queue.hold();
    const ask = (key: string) => cloud.api.broadcast({ body: 'killed' }, key);
    const cases = await killedAtEveryMoment(cloud, 'broadcast', async ({ moment, ran }) => {
      await ask(moment).catch(() => undefined);
      await ran;
      return moment;
    });
    expect(cases.length).toBeGreaterThanOrEqual(19);
    await cloud.pass(90_000);
    const ids = new Set<unknown>();
    for (const { result } of cases) {
      const [next, again] = [await ask(result), await ask(result)];
      expect([result, next.status, again.json]).toEqual([result, 202, next.json]);
      ids.add(next.json['broadcast']);
      if (ids.size < cases.length) await cloud.api.call('DELETE', `/broadcasts/${next.json['broadcast']}`);
    }
    expect(ids.size).toBe(cases.length);
    cloud.queue.release();
    await done([...ids].at(-1) as BroadcastId);
    expect(await howOften('killed')).toEqual({ 1: count });
  }, 60_000);

  test('is slower while another API eats the rate of the account, and loses nobody', async () => {
    let posts = 0;
    // Two of three posts are over the limit, at first.
    cloud.gateway.faults.throttled = () => {
      posts += 1;
      return posts <= 1_000 && posts % 3 !== 0;
    };
    const id = await handedOver({ body: 'throttled' });
    await done(id);
    cloud.gateway.faults.throttled = 0;
    expect(posts).toBeGreaterThan(count);
    expect(await howOften('throttled')).toEqual({ 1: count });
    expect(await progressOf(cloud, id)).toMatchObject({ status: 'done', ...counts });
  });
});

test('a broadcast to 503 sockets takes the writes that the costs count, and one message for each batch', async () => {
  const passages = await cloud.wires.during(async () => done(await handedOver({ body: 'counted' })));
  const written = passages.filter(
    ({ operation, body }) => /^(?:Put|Update)Item$/.test(operation) && /-broadcasts"/.test(body),
  );
  const segments = passages.filter(({ operation }) => operation === 'SendMessage').length;
  const batches = passages
    .filter(({ operation }) => operation === 'SendMessageBatch')
    .reduce((sum, { body }) => sum + JSON.parse(body).Entries.length, 0);
  expect(batches).toBe(segments);
  // The broadcast, the claim and the end of each segment, and the cut, the claim and the counts of each batch.
  const writes = 1 + 2 * segments + 3 * batches;
  // DynamoDB bills a refused write too, and the stand-in does not count its units.
  expect([written.length, written.reduce((sum, { units }) => sum + units, 0)]).toEqual([writes, writes]);
});
