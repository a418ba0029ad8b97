import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { newSocket } from '../fakes/a-record.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
});
afterAll(() => cloud.stop());

const told = (path: string): unknown[] => cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

const endAll = async (sockets: readonly { client: Client; path: string }[]): Promise<void> => {
  await Promise.all(sockets.map(({ client }) => client.close()));
  for (const { path } of sockets) await cloud.app.hook(path, 'closed');
  await cloud.settled();
  for (const { path } of sockets) expect(told(path)).toEqual(['1000']);
};

describe('the function of the queue, killed at every moment', () => {
  const waiting = ['one', 'two', 'three'];

  test('of a flush: what waited comes in order and before anything later, the beginning perhaps twice', async () => {
    // API Gateway does not know a connection yet when it is posted to for the first time, nor the second.
    const posts = new Map<string, number>();
    cloud.gateway.faults.gone = (id) => posts.set(id, (posts.get(id) ?? 0) + 1).get(id)! <= 2;
    const cases = await killedAtEveryMoment<Opened>(cloud, 'tasks', async ({ ran }) => {
      const path = freshPath();
      cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event === 'handshake') for (const body of waiting) await cloud.api.send(from, body);
        return 204;
      });
      const client = await connect(cloud.at(path));
      const { from = '' } = (await cloud.app.hook(path, 'handshake')).fields;
      await ran;
      expect((await cloud.api.send(from, 'later')).json).toMatchObject({ gone: [], failed: [] });
      return { client, path, from };
    });
    cloud.gateway.faults.gone = 0;
    expect(cases.length).toBeGreaterThanOrEqual(21);
    await cloud.recover();
    const twice = new Set<number>();
    for (const { victim, result } of cases) {
      const got = await result.client.take(waiting.length + 1);
      // Whoever had posted and not taken off died between the two; the socket waited for the next flusher.
      const again = result.client.left;
      const all = [...got, ...again];
      const first = all.slice(0, all.length - waiting.length - 1);
      const posted = victim.done.filter((step) => step === 'connections POST').length;
      expect([victim.moment, all]).toEqual([victim.moment, [...first, ...waiting, 'later']]);
      expect([victim.moment, first]).toEqual([victim.moment, waiting.slice(0, first.length)]);
      if (!victim.hasDied) expect(first).toEqual([]);
      expect(first.length).toBeLessThanOrEqual(posted);
      twice.add(first.length);
    }
    expect([...twice].sort()).toEqual([0, 1, 2, 3]);
    await endAll(cases.map(({ result }) => result));
    expect(await cloud.items()).toEqual([]);
  }, 60_000);

  test('of a closed hook: it is told, and twice only if it was killed between the app and the table', async () => {
    const cases = await killedAtEveryMoment<Opened>(cloud, 'tasks', async () => {
      const socket = await cloud.open();
      const call = await cloud.api.call('DELETE', `/sockets/${encodeURIComponent(socket.from)}`);
      expect(call.status).toBe(204);
      await socket.client.closed;
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(11);
    await cloud.recover();
    for (const { victim, result } of cases) {
      const isTold = victim.done.includes('app POST');
      const isForgotten = victim.done.includes('dynamodb DeleteItem');
      const codes = isTold && !isForgotten ? ['1000', '1000'] : ['1000'];
      expect([victim.moment, told(result.path)]).toEqual([victim.moment, codes]);
      for (const { headers } of cloud.app.of(result.path, 'closed'))
        expect(headers['webhook-id']).toBe(`closed_${result.from}`);
    }
    expect(await cloud.items()).toEqual([]);
  }, 60_000);
});

test.for([
  ['that comes for the first time is removed with the others of its run', '1', 0],
  ['that comes again is removed once it is done, since one beside it may kill their worker', '2', 1],
] as const)('a task %s', async ([, receives, removals]) => {
  const [fast, slow] = [newSocket(), newSocket()];
  const record = (socket: string) => ({
    ...{ messageId: socket, receiptHandle: socket, body: JSON.stringify({ kind: 'flush', socket }) },
    attributes: { ApproximateReceiveCount: receives },
  });
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  cloud.wires.meddler = {
    before: async ({ body }) => {
      if (body.includes(slow)) await held;
      return undefined;
    },
  };
  const { deleted } = cloud.queue.requests;
  const passages = await cloud.wires.during(async () => {
    const run = cloud.lambdas.tasks.invoke({ Records: [record(fast), record(slow)] });
    await eventually('it is done', () => cloud.wires.passed.some(({ body }) => body.includes(fast)));
    if (removals > 0) await eventually('it is removed', () => cloud.queue.requests.deleted > deleted);
    letGo();
    await run;
  });
  cloud.wires.meddler = {};
  expect(passages.filter(({ operation }) => operation === 'DeleteMessage')).toHaveLength(removals);
});
