import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud, type Opened, queueNames } from './cloud.ts';

const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000];
const down: Answer = { status: 503 };

let cloud: Cloud;
const events = (name: string) => cloud.log.filter(({ event }) => event === name);
const waiting = (): string[] => cloud.queue.waitingIn(queueNames.retries);
/** The bodies of the messages that a path got, in the order of the attempts. */
const bodiesAt = (path: string) => cloud.app.of(path, 'message').map(({ fields }) => fields['body'] ?? '');

/** Lets time go by in steps, so that everything that becomes due is done. */
async function passing(steps: number, ms: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await cloud.pass(ms);
    await cloud.settled();
  }
}

async function end({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

describe('an app that is down', () => {
  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(() => cloud.stop());

  /** A socket whose messages get these answers, the last again. */
  async function answering(...answers: readonly Answer[]): Promise<Opened> {
    let at = 0;
    return cloud.open(({ fields: { event } }) => {
      if (event !== 'message') return 204;
      at += 1;
      return answers[Math.min(at, answers.length) - 1] ?? 204;
    });
  }

  async function sent({ client, path }: Opened, body: string): Promise<void> {
    client.send(body);
    await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === body);
    await cloud.settled();
  }

  test('gets a message when it is back: with one id, a fresh signature, and its answer counts', async () => {
    const socket = await answering(down, down, actions({ reply: 'thanks', state: 'seen' }));
    await sent(socket, 'hello');
    expect(waiting()).toHaveLength(1);
    await passing(2, minuteMs);
    expect(await socket.client.next()).toBe('thanks');
    const attempts = cloud.app.of(socket.path, 'message');
    expect(attempts).toHaveLength(3);
    const [first, ...others] = attempts;
    for (const { headers, fields } of others) {
      expect(headers['webhook-id']).toBe(first?.headers['webhook-id']);
      expect(fields).toEqual(first?.fields);
      expect(Number(headers['webhook-timestamp'])).toBeGreaterThanOrEqual(
        Number(first?.headers['webhook-timestamp']),
      );
    }
    expect(events('hook_retried').map(({ attempt, _aws }) => [attempt, JSON.stringify(_aws)])).toEqual([
      [1, expect.stringMatching(/"HooksRetried".*"RetryAge"/)],
      [2, expect.stringMatching(/"HooksRetried".*"RetryAge"/)],
    ]);
    await sent(socket, 'again');
    expect(cloud.app.of(socket.path, 'message').at(-1)?.fields['state']).toBe('seen');
    await end(socket);
    expect([await cloud.items(), await cloud.letterItems(), waiting()]).toEqual([[], [], []]);
  });

  test('is left alone for as long as it asked, though SQS delays nothing for more than 15 minutes', async () => {
    const socket = await answering({ status: 503, headers: { 'Retry-After': '3600' } }, 204);
    await sent(socket, 'hello');
    const before = { ...cloud.queue.requests };
    await passing(3, 15 * minuteMs + secondMs);
    expect(bodiesAt(socket.path)).toHaveLength(1);
    // Each time it came early, and was sent again.
    expect(cloud.queue.requests.sent - before.sent).toBe(3);
    await passing(1, 15 * minuteMs + secondMs);
    expect(bodiesAt(socket.path)).toHaveLength(2);
    await end(socket);
  });

  test('gets the message of a client that has gone, before or after its closed hook', async () => {
    const socket = await answering(down, actions({ reply: 'too late', state: 'x', join: ['a'] }));
    await sent(socket, 'last words');
    await end(socket);
    await passing(1, minuteMs);
    expect(bodiesAt(socket.path)).toEqual(['last words', 'last words']);
    expect(await cloud.items()).toEqual([]);
    expect(events('fault')).toEqual([]);
  });

  test('for longer than the window is not asked any more, and the message is a dead letter', async () => {
    const socket = await answering(down);
    await sent(socket, 'hopeless');
    for (let quarter = 0; quarter < 25; quarter++) await passing(1, hourMs / 4);
    const attempts = bodiesAt(socket.path).length;
    // Six hours in pauses that grow to an hour; here each begins when a quarter of an hour has passed.
    expect(attempts).toBeGreaterThanOrEqual(6);
    expect(waiting()).toEqual([]);
    const { json } = await cloud.api.call('GET', '/dead-letters?body=true');
    expect(json).toEqual({
      deadLetters: [
        expect.objectContaining({
          ...{ event: 'message', socket: socket.from, path: socket.path, body: 'hopeless' },
          ...{ attempts, lastError: 'the app answered 503' },
        }),
      ],
    });
    await passing(2, hourMs);
    expect(bodiesAt(socket.path)).toHaveLength(attempts);
    await cloud.api.call(
      'DELETE',
      `/dead-letters/${(json['deadLetters'] as { deadLetter: string }[])[0]?.deadLetter}`,
    );
    await end(socket);
  });
});

test('an app that is down for an hour gets each of 1,000 messages once it is back', {
  timeout: 240_000,
}, async () => {
  // A hook that times out on a busy machine may have reached the app, and comes again.
  cloud = await Cloud.start({ HOOK_TIMEOUT_MS: '20000' });
  let isBack = false;
  const sockets: Opened[] = [];
  for (let at = 0; at < 20; at++)
    sockets.push(await cloud.open(({ fields: { event } }) => (event === 'message' && !isBack ? down : 204)));
  // One process stands for all Lambdas, so that it gets the messages in waves, and no retry in between.
  cloud.queue.hold();
  for (let wave = 0; wave < 50; wave++) {
    for (const [at, { client }] of sockets.entries()) client.send(`${at}-${wave}`);
    await eventually(`wave ${wave}`, () => waiting().length === 20 * (wave + 1));
  }
  cloud.queue.release();
  await cloud.settled();
  await passing(1, 30_000);
  await passing(1, 10 * minuteMs);
  await passing(1, 49 * minuteMs);
  isBack = true;
  const from = sockets.map(({ path }) => cloud.app.of(path, 'message').length);
  // Each may be posted once before the breaker opens, and again if all are due in the moment in which it does. Without a
  // breaker, each would be posted four times.
  const posted = from.reduce((sum, count) => sum + count, 0);
  expect(posted, 'hooks that the app got while it was down').toBeLessThan(2_200);
  // Each was queued when it came, and at each of three moments at which it was due.
  expect(cloud.queue.requests.sent, 'messages sent to SQS').toBeLessThan(8_000);
  await passing(5, 15 * minuteMs);
  const arrived = sockets.flatMap(({ path }, at) => cloud.app.of(path, 'message').slice(from[at]));
  expect(new Set(arrived.map(({ fields }) => fields['body'])).size, 'messages that arrived').toBe(1_000);
  expect(new Set(arrived.map(({ headers }) => headers['webhook-id'])).size, 'ids').toBe(1_000);
  // A send to SQS that times out, as on a busy machine, may have been taken. Then the hook is kept in another way as
  // well.
  const unknown = events('fault').filter(({ why }) => String(why).includes('No answer in time'));
  expect(arrived.length - 1_000, 'messages that arrived twice').toBeLessThanOrEqual(unknown.length);
  expect((await cloud.letterItems()).length, 'items of letters').toBeLessThanOrEqual(2 * unknown.length);
  expect([waiting(), events('hook_lost'), events('fault').length]).toEqual([[], [], unknown.length]);
  await cloud.stop();
});

describe('a message that the app can’t handle', () => {
  beforeEach(async () => {
    cloud = await Cloud.start();
  });
  afterEach(() => cloud.stop());

  test('with a 500 each time gets five attempts within a minute, and is a dead letter', async () => {
    const socket = await cloud.open(({ fields: { event } }) => (event === 'message' ? { status: 500 } : 204));
    socket.client.send('poison');
    await cloud.app.hook(socket.path, 'message');
    await cloud.settled();
    await passing(60, secondMs);
    expect(bodiesAt(socket.path)).toHaveLength(5);
    const { json } = await cloud.api.call('GET', '/dead-letters');
    expect(json).toMatchObject({ deadLetters: [{ attempts: 5, lastError: 'the app answered 500' }] });
    expect(events('hook_dead')).toHaveLength(1);
    expect(JSON.stringify(events('hook_dead')[0])).toContain('"DeadLetters":1');
    await end(socket);
  });

  test('with a 4xx is a dead letter at once: it can be read, replayed, and removed', async () => {
    let isMended = false;
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' && !isMended ? { status: 400 } : 204,
    );
    for (const body of ['one', 'two']) {
      socket.client.send(body);
      await cloud.app.hook(socket.path, 'message', ({ fields }) => fields['body'] === body);
    }
    await cloud.settled();
    expect(waiting()).toEqual([]);
    const list = await cloud.api.call('GET', '/dead-letters?body=true');
    const [one, two] = list.json['deadLetters'] as { deadLetter: string; body: string }[];
    expect([one?.body, two?.body].sort()).toEqual(['one', 'two']);
    const at = (letter: typeof one, rest = ''): string => `/dead-letters/${letter?.deadLetter}${rest}`;
    expect((await cloud.api.call('GET', at(one))).json).not.toHaveProperty('body');

    // A replay that fails again comes back as the same letter.
    expect((await cloud.api.call('POST', at(one, '/replay'))).status).toBe(202);
    await cloud.settled();
    expect(bodiesAt(socket.path).filter((body) => body === one?.body)).toHaveLength(2);
    expect((await cloud.api.call('GET', at(one))).json).toMatchObject({ attempts: 1 });

    isMended = true;
    expect((await cloud.api.call('POST', at(one, '/replay'))).status).toBe(202);
    await cloud.settled();
    expect(bodiesAt(socket.path).filter((body) => body === one?.body)).toHaveLength(3);
    expect((await cloud.api.call('GET', at(one))).status).toBe(404);
    expect((await cloud.api.call('DELETE', at(two))).status).toBe(204);
    expect((await cloud.api.call('DELETE', at(two))).status).toBe(404);
    expect((await cloud.api.call('POST', at(two, '/replay'))).status).toBe(404);
    expect(await cloud.letterItems()).toEqual([]);
    await end(socket);
  });

  test('is replayed with all others, by one call', async () => {
    let isMended = false;
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' && !isMended ? { status: 422 } : 204,
    );
    for (let at = 0; at < 60; at++) socket.client.send(`${at}`);
    await eventually('60 dead letters', () => events('hook_dead').length === 60);
    await cloud.settled();
    isMended = true;
    expect((await cloud.api.call('POST', '/dead-letters/replay')).status).toBe(202);
    await cloud.settled();
    await passing(1, secondMs);
    expect(new Set(bodiesAt(socket.path).slice(60)).size).toBe(60);
    expect([bodiesAt(socket.path).length, await cloud.letterItems()]).toEqual([120, []]);
    await end(socket);
  });
});

describe('where messages are not to be retried', () => {
  afterEach(() => cloud.stop());

  test.for(['close', 'drop'] as const)(
    'but by %s, the app is asked three times, and the loss is logged',
    async (policy) => {
      cloud = await Cloud.start({ MESSAGE_FAILURE: policy });
      const path = freshPath();
      cloud.app.on(path, ({ fields: { event } }) => (event === 'message' ? down : 204));
      const client = await connect(cloud.at(path));
      client.send('lost');
      await eventually('the loss', () => events('hook_lost').length === 1);
      if (policy === 'drop') await client.close();
      expect(await client.closed).toBeDefined();
      await cloud.app.hook(path, 'closed');
      await cloud.settled();
      expect([bodiesAt(path).length, waiting(), await cloud.letterItems()]).toEqual([3, [], []]);
    },
  );
});
