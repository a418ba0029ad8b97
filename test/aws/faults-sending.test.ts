import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { actions } from '../support/recording-app.ts';
import { Faults } from './api-gateway/faults.ts';
import { Cloud } from './cloud.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => {
  Object.assign(cloud.gateway.faults, new Faults());
  cloud.queue.release();
});
afterAll(() => cloud.stop());

const bodies = (path: string): (string | undefined)[] =>
  cloud.app.of(path, 'message').map(({ fields }) => fields['body']);

describe('a living socket that is said to be gone', () => {
  test('ends: the app is told 1006, its next message posts no hook, and its connection is ended', async () => {
    const { client, from, path } = await cloud.open();
    await cloud.pass(10_000);
    cloud.queue.hold();
    cloud.gateway.faults.gone = 1;
    expect((await cloud.api.send(from, 'lost')).json).toMatchObject({ delivered: 0, gone: [from] });
    client.send('nobody hears this');
    expect((await client.closed).code).toBe(1000);
    await cloud.gateway.settled();
    expect(cloud.app.of(path).map(({ fields }) => fields['event'])).toEqual(['handshake']);
    cloud.queue.release();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    expect(cloud.app.of(path, 'closed').map(({ fields }) => fields['code'])).toEqual(['1006']);
    expect([client.left, bodies(path), await cloud.items()]).toEqual([[], [], []]);
  });

  test('within 10 seconds of its handshake is not believed to be', async () => {
    const { client, from, path } = await cloud.open();
    cloud.gateway.faults.gone = 3;
    expect((await cloud.api.send(from, 'hello')).json).toMatchObject({ delivered: 1, gone: [] });
    expect(await client.next()).toBe('hello');
    await client.close();
    expect((await cloud.app.hook(path, 'closed')).fields).toMatchObject({ code: '1000' });
  });
});

test('a socket that is throttled gets its message late, and the others of the same send do not wait for it', async () => {
  const [slow, one, two] = [await cloud.open(), await cloud.open(), await cloud.open()];
  const order: string[] = [];
  const arrivals = [slow, one, two].map(async ({ client, from }) => {
    await client.next();
    order.push(from);
  });
  cloud.gateway.faults.throttled = (id) => id === slow.from && order.length < 2;
  const { json } = await cloud.api.send([slow.from, one.from, two.from], 'hello');
  expect(json).toEqual({ delivered: 3, queued: 0, gone: [], failed: [] });
  await Promise.all(arrivals);
  expect(order.at(-1)).toBe(slow.from);
  await Promise.all([slow, one, two].map(({ client }) => client.close()));
});

const unknownFor = new Map<string, number>();
const acceptedAt = new Map<string, number>();

test.concurrent.for([0, 1_000, 3_000])(
  'what is sent inside the handshake comes first and in order, @connections knowing the socket after %i ms',
  async (validAfterMs) => {
    const path = freshPath();
    cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
      if (event === 'message') return actions({ reply: 'answer' });
      if (event === 'closed') return 204;
      unknownFor.set(from, validAfterMs);
      cloud.gateway.faults.validAfterMs = (id) => {
        acceptedAt.set(id, Date.now());
        return unknownFor.get(id) ?? 0;
      };
      for (const body of ['one', 'two']) await cloud.api.send(from, body);
      return actions({ reply: 'welcome' });
    });
    const client = await connect(cloud.at(path));
    const { from = '' } = (await cloud.app.hook(path, 'handshake')).fields;
    const tasks = await cloud.api.send(from, 'later');
    expect(tasks.json).toMatchObject({ gone: [], failed: [] });
    client.send('question');
    expect(await client.take(5)).toEqual(['one', 'two', 'welcome', 'later', 'answer']);
    expect(Date.now() - (acceptedAt.get(from) ?? 0)).toBeGreaterThanOrEqual(validAfterMs * 0.9);
    await client.close();
    await cloud.app.hook(path, 'closed');
  },
);

describe('messages', () => {
  test('that Lambda gets twice come to the app twice, under one id', async () => {
    const { client, path } = await cloud.open();
    cloud.gateway.faults.duplicateMessage = 1;
    client.send('one');
    await eventually('both', () => bodies(path).length === 2);
    client.send('two');
    await eventually('the other', () => bodies(path).length === 3);
    const ids = cloud.app.of(path, 'message').map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
    await client.close();
  });

  test('that Lambda gets in reverse come to the app once each', async () => {
    const { client, path } = await cloud.open();
    cloud.gateway.faults.reverseMessages = 3;
    for (const body of ['one', 'two', 'three']) client.send(body);
    await eventually('all', () => bodies(path).length === 3);
    expect(new Set(bodies(path))).toEqual(new Set(['one', 'two', 'three']));
    const ids = cloud.app.of(path, 'message').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    await client.close();
  });
});

describe('what the answer to a message sends to others', () => {
  test('is in the queue before the Lambda returns, and sent from there', async () => {
    const other = await cloud.open();
    const { client } = await cloud.open(({ fields: { event } }) =>
      event === 'message' ? actions({ send: [{ sockets: [other.from], body: 'for you' }] }) : 204,
    );
    cloud.queue.hold();
    let ran: string[] = [];
    const { default: message } = cloud.handlers;
    cloud.handlers.default = async (event) => {
      const passages = await cloud.wires.during(() => message(event));
      ran = passages.map(({ service, operation }) => `${service} ${operation}`);
      return { statusCode: 200, body: 'done' };
    };
    client.send('go');
    expect(await client.next()).toBe('done');
    cloud.handlers.default = message;
    expect(ran.at(-1)).toBe('sqs SendMessage');
    expect(ran).not.toContain('connections POST');
    expect(other.client.left).toEqual([]);
    cloud.queue.release();
    expect(await other.client.next()).toBe('for you');
    await Promise.all([client.close(), other.client.close()]);
  });
});

describe('a task that SQS hands over', () => {
  test.for(['twice at once', 'again after success'])('%s: closed is told once', async (how) => {
    const { from, path, client } = await cloud.open();
    strike(how);
    await cloud.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`);
    await client.closed;
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    await cloud.pass(360_000);
    await cloud.settled();
    expect(cloud.app.of(path, 'closed')).toHaveLength(1);
  });

  test.for(['twice at once', 'again after success'])(
    '%s: what waited for the client comes once, in order',
    async (how) => {
      const path = freshPath();
      cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event !== 'handshake') return 204;
        for (const body of ['one', 'two', 'three']) await cloud.api.send(from, body);
        cloud.queue.hold();
        return 204;
      });
      const client = await connect(cloud.at(path));
      strike(how);
      cloud.queue.release();
      const { from = '' } = (await cloud.app.hook(path, 'handshake')).fields;
      expect(await client.take(3)).toEqual(['one', 'two', 'three']);
      await cloud.settled();
      await cloud.pass(360_000);
      await cloud.settled();
      await cloud.api.send(from, 'later');
      expect(await client.next()).toBe('later');
      await client.close();
    },
  );

  test.for(['twice at once', 'again after success'])(
    '%s: what an answer sends comes to every socket, at least once',
    async (how) => {
      const others = [await cloud.open(), await cloud.open()];
      const send = [{ sockets: others.map(({ from }) => from), body: 'for you' }];
      const { client } = await cloud.open(({ fields: { event } }) =>
        event === 'message' ? actions({ send }) : 204,
      );
      strike(how);
      client.send('go');
      for (const other of others) expect(await other.client.next()).toBe('for you');
      await cloud.settled();
      await cloud.pass(360_000);
      await cloud.settled();
      for (const other of others) expect(new Set(other.client.left)).toEqual(new Set(['for you']));
      await Promise.all([client, ...others.map((other) => other.client)].map((one) => one.close()));
    },
  );

  function strike(how: string): void {
    if (how === 'twice at once') cloud.queue.doubled = 1;
    else cloud.queue.repeated = 1;
  }
});
