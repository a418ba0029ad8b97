import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { actions } from '../support/recording-app.ts';
import type { Handler } from './bundles.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
let usual: Handler;
beforeAll(async () => {
  // Replies would travel by the route if anything could.
  cloud = await Cloud.start({ MESSAGE_INVOCATION: 'event', REPLY_BY: 'route', PROBE_MINUTES: '1' });
  usual = cloud.handlers.default;
});
afterAll(() => cloud.stop());
afterEach(() => {
  cloud.handlers.default = usual;
  cloud.messages.limit(Number.POSITIVE_INFINITY);
});

const minuteMs = 60_000;

/** The times that the app got a message. */
const received = (path: string, text: string) =>
  cloud.app.of(path, 'message').filter(({ fields }) => fields['body'] === text);

/** Ends a socket, and waits until the app knows and its record is gone. */
async function end({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.gateway.settled();
  await cloud.queue.settled();
}

/** So much time goes by for the messages that Lambda has queued, and all that comes of it. */
async function wait(ms: number): Promise<void> {
  cloud.messages.pass(ms);
  await cloud.settled();
}

async function letters(): Promise<Record<string, unknown>[]> {
  const { json } = await cloud.api.call('GET', '/dead-letters?body=true');
  return json['deadLetters'] as Record<string, unknown>[];
}

/** Removes all dead letters. */
async function forget(): Promise<void> {
  for (const { deadLetter } of await letters()) await cloud.api.call('DELETE', `/dead-letters/${deadLetter}`);
}

describe('a function that is throttled', () => {
  test('loses none of 1,000 messages, not even those of clients that have left, and no client hears of it', async () => {
    cloud.messages.limit(3);
    const sockets: Opened[] = [];
    while (sockets.length < 20) sockets.push(await cloud.open());
    const texts = Array.from({ length: 50 }, (_, at) => `${at}`);
    for (const { client } of sockets) for (const text of texts) client.send(text);
    const left = sockets.slice(0, 10);
    await Promise.all(left.map(end));
    expect(cloud.messages.length, 'messages that wait').toBeGreaterThan(0);
    for (let minute = 0; cloud.messages.length > 0 && minute < 350; minute++) await wait(minuteMs);
    await cloud.settled();
    expect(cloud.messages.throttles, 'throttled runs').toBeGreaterThan(100);
    for (const { path, from, client } of sockets) {
      const hooks = cloud.app.of(path, 'message');
      expect(hooks.map(({ fields }) => fields['body']).sort(), path).toEqual([...texts].sort());
      expect(new Set(hooks.map(({ headers }) => headers['webhook-id'])).size, path).toBe(texts.length);
      expect(new Set(hooks.map(({ fields }) => fields['from'])), path).toEqual(new Set([from]));
      expect(client.left, path).toEqual([]);
    }
    for (const socket of sockets.slice(10)) await end(socket);
    expect([await letters(), cloud.log.filter(({ event }) => event === 'hook_lost')]).toEqual([[], []]);
  }, 120_000);

  test('that stays so for six hours makes the message a dead letter, which says that it never ran', async () => {
    cloud.messages.limit(0);
    const socket = await cloud.open();
    socket.client.send('too early');
    await expect.poll(() => cloud.messages.length).toBe(1);
    await wait(6 * 60 * minuteMs - 10_000);
    expect(await letters()).toEqual([]);
    await wait(20_000);
    expect(await letters()).toEqual([
      expect.objectContaining({
        ...{ socket: socket.from, path: socket.path, body: 'too early', attempts: 0 },
        lastError: 'no function could post it within the time that Lambda keeps it',
      }),
    ]);
    await forget();
    await end(socket);
  });
});

describe('a function that dies', () => {
  test('at any moment runs again: the app gets the message under one id, and the client its reply', async () => {
    const cases = await killedAtEveryMoment<Opened>(cloud, 'default', async () => {
      const socket = await cloud.open(({ fields: { event, body } }) =>
        event === 'message' && body === 'first' ? actions({ state: 'kept', reply: 'thanks' }) : 204,
      );
      socket.client.send('first');
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(9);
    await wait(minuteMs);
    for (const { victim, result } of cases) {
      const { moment, hasDied, done } = victim;
      const hooks = received(result.path, 'first');
      const isTwice = hasDied && done.includes('app POST');
      expect([moment, hooks.length]).toEqual([moment, isTwice ? 2 : 1]);
      expect(new Set(hooks.map(({ headers }) => headers['webhook-id'])).size, moment).toBe(1);
      const replies = [await result.client.next(), ...result.client.left];
      expect([moment, new Set(replies)]).toEqual([moment, new Set(['thanks'])]);
    }
    for (const { result } of cases) await end(result);
    expect(await letters()).toEqual([]);
  }, 120_000);

  test('three times makes the message a dead letter, which can be replayed', async () => {
    let runs = 0;
    cloud.handlers.default = async () => {
      runs += 1;
      throw new Error('It was killed.');
    };
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' ? actions({ reply: 'thanks' }) : 204,
    );
    socket.client.send('first "✓" \u0001');
    await expect.poll(() => runs).toBe(1);
    await wait(minuteMs);
    expect([runs, await letters()]).toEqual([2, []]);
    await wait(2 * minuteMs);
    cloud.handlers.default = usual;
    expect(await letters()).toEqual([
      expect.objectContaining({
        ...{ socket: socket.from, path: socket.path, event: 'message', attempts: 3 },
        ...{ body: 'first "✓" \u0001' },
        lastError: 'the function that was to post it died or failed, each time',
      }),
    ]);
    expect(cloud.log.filter(({ event }) => event === 'hook_dead').at(-1)).toMatchObject({ attempts: 3 });
    expect((await cloud.api.call('POST', '/dead-letters/replay')).status).toBe(202);
    await cloud.settled();
    expect(await socket.client.next()).toBe('thanks');
    expect([await letters(), received(socket.path, 'first "✓" \u0001').length]).toEqual([[], 1]);
    await end(socket);
  });

  test('three times, after its client has left, still makes a dead letter of the client’s path and user', async () => {
    cloud.handlers.default = async () => {
      throw new Error('It was killed.');
    };
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'handshake' ? actions({ user: 'alice', state: 'kept' }) : 204,
    );
    socket.client.send('last words');
    await end(socket);
    await wait(minuteMs);
    await wait(2 * minuteMs);
    cloud.handlers.default = usual;
    expect(await letters()).toEqual([
      expect.objectContaining({ path: socket.path, user: 'alice', body: 'last words', attempts: 3 }),
    ]);
    await forget();
  });
});

test('the end of a socket, killed at every moment, loses none of the messages that still wait', async () => {
  cloud.messages.limit(0);
  const cases = await killedAtEveryMoment<Opened>(cloud, 'disconnect', async () => {
    const socket = await cloud.open();
    socket.client.send('last words');
    await socket.client.close(3001, 'bye');
    return socket;
  });
  // The record is read, marked, kept and removed, and the app is told.
  expect(cases.length).toBeGreaterThanOrEqual(11);
  await cloud.recover();
  const ended = new Set(cases.map(({ result }) => result.from));
  expect((await cloud.items()).filter(({ socket }) => ended.has(socket?.S ?? ''))).toEqual([]);
  cloud.messages.limit(Number.POSITIVE_INFINITY);
  await wait(minuteMs);
  for (const { victim, result } of cases) {
    expect([victim.moment, received(result.path, 'last words').length]).toEqual([victim.moment, 1]);
    expect([victim.moment, cloud.app.of(result.path, 'closed').length > 0]).toEqual([victim.moment, true]);
  }
  expect(await letters()).toEqual([]);
}, 120_000);

describe('a fault', () => {
  test('of the table makes Lambda run the function again, and the message arrives', async () => {
    const socket = await cloud.open();
    cloud.wires.meddler = {
      before: ({ service, operation }) =>
        service === 'dynamodb' && operation === 'GetItem'
          ? { status: 400, json: { __type: 'ResourceNotFoundException', message: 'No such table.' } }
          : undefined,
    };
    socket.client.send('hello');
    await expect
      .poll(() => cloud.lambdas.default.lines.filter(({ event }) => event === 'fault').length)
      .toBe(1);
    await cloud.settled();
    cloud.wires.meddler = {};
    expect(received(socket.path, 'hello')).toEqual([]);
    await wait(minuteMs);
    expect([received(socket.path, 'hello').length, socket.client.left]).toEqual([1, []]);
    await end(socket);
  });
});

describe('a message', () => {
  test('of a socket that nothing is known of is logged as lost', async () => {
    const requestContext = {
      ...{ eventType: 'MESSAGE', connectionId: 'unknown=', messageId: 'm=', requestId: 'r=' },
      requestTimeEpoch: '1764000000000',
    };
    await cloud.handlers.default({
      invocationType: 'Event',
      isBase64Encoded: true,
      body: '',
      requestContext,
    });
    expect(cloud.log.filter(({ event }) => event === 'hook_lost')).toEqual([
      expect.objectContaining({ request: 'message_m=', why: 'nothing is known of its socket any more' }),
    ]);
  });

  test('whose ids and time API Gateway leaves out is of the time when it came, under the id of its request', async () => {
    const socket = await cloud.open();
    const requestContext = {
      ...{ eventType: 'MESSAGE', connectionId: socket.from, messageId: '', requestId: 'r=' },
      requestTimeEpoch: '',
    };
    const body = Buffer.from('hello').toString('base64');
    await cloud.handlers.default({ invocationType: 'Event', isBase64Encoded: true, body, requestContext });
    const { fields, headers } = await cloud.app.hook(socket.path, 'message');
    expect(headers['webhook-id']).toBe('message_r=');
    expect(Math.abs(Number(fields['time']) - Date.now())).toBeLessThan(20_000);
    await end(socket);
  });

  test('gets its reply even if that is all that the app answers', async () => {
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' ? actions({ reply: 'thanks' }) : 204,
    );
    socket.client.send('hello');
    expect(await socket.client.next()).toBe('thanks');
    await end(socket);
  });

  test('that says ping is no hook, however it is written', async () => {
    const socket = await cloud.open();
    socket.client.send('{"sockethook":"ping"}');
    socket.client.send('{ "sockethook" : "ping" }');
    socket.client.send('hello');
    await cloud.app.hook(socket.path, 'message');
    await cloud.settled();
    expect(cloud.app.of(socket.path, 'message').map(({ fields }) => fields['body'])).toEqual(['hello']);
    await end(socket);
  });
});
