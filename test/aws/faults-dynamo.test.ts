import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { tryConnect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { throttled } from './throttled.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
});
afterEach(() => {
  cloud.wires.meddler = {};
});
afterAll(() => cloud.stop());

const always = Number.POSITIVE_INFINITY;

function throttling(times: number, isIt?: (passage: Passage) => boolean) {
  return throttled(cloud.wires, times, isIt);
}

const end = async ({ client, path }: Opened): Promise<void> => {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
};

describe('a table that is throttled for a moment', () => {
  test('is not noticed by a client that comes, sends and goes', async () => {
    const first = throttling(1);
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' ? actions({ reply: 'thanks', state: 's' }) : 204,
    );
    expect(first.struck()).toBe(1);
    const second = throttling(1);
    socket.client.send('hello');
    expect(await socket.client.next()).toBe('thanks');
    expect(second.struck()).toBe(1);
    const third = throttling(1);
    await end(socket);
    expect(third.struck()).toBe(1);
    expect(cloud.app.of(socket.path).map(({ fields }) => fields['event'])).toEqual([
      'handshake',
      'message',
      'closed',
    ]);
    expect(await cloud.items()).toEqual([]);
  });

  test('is not noticed by an app that sends, broadcasts, lists and closes', async () => {
    const socket = await cloud.open();
    const { client, from, path } = socket;
    const struck: number[] = [];
    const calls = [
      () => cloud.api.send(from, 'one'),
      () => cloud.api.broadcast({ body: 'two', path }),
      () => cloud.api.call('GET', `/sockets?path=${encodeURIComponent(path)}`),
      () => cloud.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`),
    ];
    for (const call of calls) {
      const throttled = throttling(1);
      expect([200, 204]).toContain((await call()).status);
      struck.push(throttled.struck());
    }
    expect(struck).toEqual([1, 1, 1, 1]);
    expect(await client.take(2)).toEqual(['one', 'two']);
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    expect(await cloud.items()).toEqual([]);
  });

  test('is not noticed by a sweep, nor by what it puts into the queue', async () => {
    const { client, path } = await cloud.open();
    cloud.gateway.faults.dropDisconnect = 1;
    await client.close();
    await cloud.pass(10_000);
    const throttled = throttling(3);
    await cloud.sweeps(1);
    expect(throttled.struck()).toBe(3);
    expect(cloud.app.of(path, 'closed')).toHaveLength(1);
  });
});

describe('a table that is silent', () => {
  test('loses a message, lets a send say that it failed, and shows neither in their answers', async () => {
    const { client, from, path } = await cloud.open(({ fields: { event } }) =>
      event === 'message' ? actions({ reply: 'thanks' }) : 204,
    );
    const begun = performance.now();
    cloud.wires.meddler = {
      before: ({ service }) => (service === 'dynamodb' ? new Promise(() => {}) : undefined),
    };
    client.send('lost');
    const sent = await cloud.api.send([from], 'hello');
    await cloud.gateway.settled();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(sent).toMatchObject({ status: 200, json: { failed: [{ socket: from, code: 'post_failed' }] } });
    expect([client.left, cloud.gateway.lambdaErrors]).toEqual([[], []]);
    expect(cloud.log.filter(({ event }) => event === 'hook_lost')).toHaveLength(1);
    cloud.wires.meddler = {};
    client.send('heard');
    expect(await client.next()).toBe('thanks');
    await end({ client, from, path });
    expect(await cloud.items()).toEqual([]);
  });

  test('keeps nobody waiting: a client is refused, and the app is not asked', async () => {
    const path = freshPath();
    cloud.wires.meddler = {
      before: ({ service }) => (service === 'dynamodb' ? new Promise(() => {}) : undefined),
    };
    const begun = performance.now();
    expect(await tryConnect(cloud.at(path))).toMatchObject({ status: 500 });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(cloud.app.of(path)).toEqual([]);
  });
});

describe('a table that is throttled for long', () => {
  const [unknown, accepted] = [freshPath(), freshPath()];
  let [talking, leaving, addressed, ended]: Opened[] = [];
  const outcomes: Record<string, unknown> = {};

  beforeAll(async () => {
    const thanks = actions({ reply: 'thanks' });
    talking = await cloud.open(({ fields: { event } }) => (event === 'message' ? thanks : 204));
    [leaving, addressed, ended] = [await cloud.open(), await cloud.open(), await cloud.open()];
    await cloud.pass(10_000);
    cloud.queue.hold();
    await cloud.api.call('DELETE', `/sockets/${encodeURIComponent(ended.from)}`);
    await cloud.gateway.settled();
    // Only the first write of one handshake gets through.
    throttling(always, ({ operation, body }) => operation !== 'PutItem' || !body.includes(`"${accepted}"`));
    talking.client.send('lost');
    void leaving.client.close();
    cloud.queue.release();
    const sent = cloud.api.send([addressed.from], 'hello');
    const swept = cloud.sweep().then(
      () => 'done',
      () => 'failed',
    );
    const [first, second] = await Promise.all([unknown, accepted].map((path) => tryConnect(cloud.at(path))));
    Object.assign(outcomes, { first, second, sent: (await sent).json, swept: await swept });
    await cloud.settled();
    outcomes['told'] = [leaving, ended].flatMap(({ path }) => codes(path));
    outcomes['log'] = cloud.log.map(({ event }) => event);
    cloud.wires.meddler = {};
    talking.client.send('heard');
    outcomes['reply'] = await talking.client.next();
    await cloud.pass(360_000);
    await cloud.settled();
    outcomes['again'] = codes(ended.path);
    await cloud.recover();
  }, 60_000);

  const codes = (path = ''): unknown[] => cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

  test('refuses whom it has no place for, and the app is not asked', () => {
    expect(outcomes['first']).toMatchObject({ status: 500 });
    expect(cloud.app.of(unknown)).toEqual([]);
  });

  test('refuses whom the app has accepted, and the app is told 1006, once', () => {
    expect(outcomes['second']).toMatchObject({ status: 500 });
    expect(cloud.app.of(accepted, 'handshake')).toHaveLength(1);
    expect(codes(accepted)).toEqual(['1006']);
  });

  test('loses a message, which is logged, shows the client nothing, and keeps the socket', () => {
    expect(outcomes['log']).toContain('hook_lost');
    expect([outcomes['reply'], talking?.client.left]).toEqual(['thanks', []]);
    expect(cloud.app.of(talking?.path ?? '', 'message').map(({ fields }) => fields['body'])).toEqual([
      'heard',
    ]);
    expect(codes(talking?.path)).toEqual([]);
  });

  test('forgets no end that nobody could write down: a sweep finds it', () => {
    expect(outcomes).toMatchObject({ told: [], swept: 'failed' });
    expect(codes(leaving?.path)).toEqual(['1006']);
  });

  test('lets a send say for each socket that it failed', () => {
    expect(outcomes['sent']).toMatchObject({ failed: [{ socket: addressed?.from, code: 'post_failed' }] });
  });

  test('lets a task come again, and what is owed is told once', () => {
    expect(outcomes['again']).toEqual(['1000']);
    expect(codes(ended?.path)).toEqual(['1000']);
  });

  test('leaves nothing behind', async () => {
    for (const socket of [talking, addressed]) if (socket !== undefined) await end(socket);
    expect(await cloud.items()).toEqual([]);
  });
});
