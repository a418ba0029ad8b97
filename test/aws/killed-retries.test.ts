import { afterAll, beforeAll, expect, test } from 'vitest';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { eventually } from '../support/eventually.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened, queueNames } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

/** A socket whose first message the app does not take at first, so that it waits in the queue of retries. */
async function waiting(): Promise<Opened> {
  let attempts = 0;
  const socket = await cloud.open(({ fields: { event, body } }) => {
    if (event !== 'message' || body !== 'first') return 204;
    attempts += 1;
    return attempts === 1 ? { status: 503 } : actions({ reply: 'thanks', state: 'kept', join: ['a'] });
  });
  socket.client.send('first');
  await cloud.app.hook(socket.path, 'message');
  await cloud.gateway.settled();
  return socket;
}

const attemptsAt = ({ path }: Opened) =>
  cloud.app.of(path, 'message').filter(({ fields }) => fields['body'] === 'first');

async function end({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

test('the function of retries, killed at every moment: the app gets each message, under one id', async () => {
  const cases = await killedAtEveryMoment<Opened>(cloud, 'retries', async ({ ran }) => {
    const socket = await waiting();
    await cloud.pass(1_000);
    await ran;
    return socket;
  });
  // A read of the record, the app, the state and the groups, and the reply.
  expect(cases.length).toBeGreaterThanOrEqual(11);
  await cloud.recover();
  let twice = 0;
  for (const { victim, result } of cases) {
    const [, ...again] = attemptsAt(result);
    expect([victim.moment, again.length > 0]).toEqual([victim.moment, true]);
    if (!victim.hasDied) expect(again).toHaveLength(1);
    expect(again.length, victim.moment).toBeLessThanOrEqual(victim.done.includes('app POST') ? 2 : 1);
    twice += again.length - 1;
    expect(new Set(attemptsAt(result).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect([victim.moment, [...new Set([await result.client.next(), ...result.client.left])]]).toEqual([
      victim.moment,
      ['thanks'],
    ]);
    result.client.send('second');
    const second = await cloud.app.hook(result.path, 'message', ({ fields }) => fields['body'] === 'second');
    expect([victim.moment, second.fields['state']]).toEqual([victim.moment, 'kept']);
  }
  // Those that were killed after the app had answered, and before SQS knew.
  expect(twice).toBeGreaterThan(0);
  expect([cloud.queue.dead, await cloud.letterItems()]).toEqual([[], []]);
  for (const { result } of cases) await end(result);
}, 120_000);

test('the function of retries, killed while the app is still away: the message goes on being tried', async () => {
  const cases = await killedAtEveryMoment<Opened>(cloud, 'retries', async ({ ran }) => {
    let isBack = false;
    const socket = await cloud.open(({ fields: { event } }) =>
      event === 'message' && !isBack ? { status: 503 } : 204,
    );
    socket.client.send('first');
    await cloud.app.hook(socket.path, 'message');
    await cloud.gateway.settled();
    await cloud.pass(1_000);
    await ran;
    isBack = true;
    return socket;
  });
  expect(cases.length).toBeGreaterThanOrEqual(5);
  await cloud.recover();
  for (const { victim, result } of cases) {
    const ids = attemptsAt(result).map(({ headers }) => headers['webhook-id']);
    expect([victim.moment, new Set(ids).size, ids.length >= 2]).toEqual([victim.moment, 1, true]);
    // Queued again, and killed before SQS knew that the message was done: there are two, and both are posted.
    expect(ids.length, victim.moment).toBeLessThanOrEqual(4);
  }
  expect([cloud.queue.dead, await cloud.letterItems()]).toEqual([[], []]);
  for (const { result } of cases) await end(result);
}, 120_000);

/** Lets the workers of a message die until SQS gives it up, and hands it to the function that keeps it. */
async function givenUp(): Promise<Opened> {
  const socket = await waiting();
  const { retries } = cloud.handlers;
  cloud.handlers.retries = async () => {
    throw new Error('It was killed.');
  };
  cloud.queue.wear(queueNames.retries, maxReceives.retries - 5);
  // Its visibility timeout is three minutes.
  for (let receive = 0; receive < 5; receive++) {
    await cloud.pass(180_000);
    await cloud.queue.settled();
  }
  cloud.handlers.retries = retries;
  return socket;
}

test('a message whose function is throttled for an hour is posted after that, and is no dead letter', async () => {
  const socket = await waiting();
  const { retries } = cloud.handlers;
  cloud.handlers.retries = async () => {
    throw new Error('Rate Exceeded.');
  };
  // Lambda has received it, and could not run the function.
  for (let receive = 0; receive < 20; receive++) {
    await cloud.pass(180_000);
    await cloud.queue.settled();
  }
  cloud.handlers.retries = retries;
  await cloud.pass(180_000);
  await cloud.settled();
  expect([attemptsAt(socket).length, await cloud.letterItems(), cloud.queue.dead]).toEqual([2, [], []]);
  expect(await socket.client.next()).toBe('thanks');
  await end(socket);
});

test('a function killed while one hook hangs leaves those alone that it has queued again, or that are done', async () => {
  const answers = { hangs: 'hang', fails: { status: 503 }, works: 204 } as const;
  const open = async (second: keyof typeof answers): Promise<Opened> => {
    let attempts = 0;
    const socket = await cloud.open(({ fields: { event } }) => {
      if (event !== 'message') return 204;
      attempts += 1;
      if (attempts === 1) return { status: 503 };
      return attempts === 2 ? answers[second] : 204;
    });
    socket.client.send('first');
    await cloud.app.hook(socket.path, 'message');
    await cloud.gateway.settled();
    return socket;
  };
  cloud.queue.hold();
  const [hangs, fails, works] = [await open('hangs'), await open('fails'), await open('works')];
  await cloud.pass(1_000);
  const removed = () => cloud.wires.passed.filter(({ operation }) => operation === 'DeleteMessage').length;
  const before = removed();
  cloud.queue.release();
  await eventually('two of three are removed', () => removed() === before + 2);
  await cloud.lambdas.retries.kill();
  await cloud.queue.settled();
  for (let step = 0; step < 3; step++) {
    await cloud.pass(180_000);
    await cloud.settled();
  }
  const attempts = [hangs, fails, works].map((socket) => attemptsAt(socket).length);
  expect(attempts, 'the attempts of what hung, failed and worked').toEqual([3, 3, 2]);
  for (const socket of [hangs, fails, works]) await end(socket);
});

test('a message whose workers die each time is a dead letter that says so, and can be replayed', async () => {
  const socket = await givenUp();
  const { json } = await cloud.api.call('GET', '/dead-letters?body=true');
  expect(json).toEqual({
    deadLetters: [
      expect.objectContaining({
        ...{ socket: socket.from, event: 'message', body: 'first', attempts: 1 },
        lastError: 'it was handed to a worker too often, and none finished it',
      }),
    ],
  });
  expect(cloud.log.filter(({ event }) => event === 'hook_dead')).toHaveLength(1);
  expect((await cloud.api.call('POST', '/dead-letters/replay')).status).toBe(202);
  await cloud.settled();
  expect(await socket.client.next()).toBe('thanks');
  expect(await cloud.letterItems()).toEqual([]);
  await end(socket);
});

test('the function that keeps what died, killed at every moment: each message is one dead letter', async () => {
  const cases = await killedAtEveryMoment<Opened>(cloud, 'redrive', async ({ ran }) => {
    const socket = await givenUp();
    await ran;
    return socket;
  });
  expect(cases.length).toBeGreaterThanOrEqual(5);
  await cloud.recover();
  const { json } = await cloud.api.call('GET', '/dead-letters');
  const sockets = (json['deadLetters'] as { socket: string }[]).map(({ socket }) => socket);
  expect(sockets.sort()).toEqual(cases.map(({ result }) => result.from).sort());
  for (const { result } of cases) await end(result);
}, 120_000);
