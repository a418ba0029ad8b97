import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened, queueNames } from './cloud.ts';

const graceMs = 5_000;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ HOOKS: 'handshake,message,closed,joined,left', PROBE_MINUTES: '0' });
});
afterAll(() => cloud.stop());

async function passing(ms: number): Promise<void> {
  await cloud.pass(ms);
  await cloud.settled();
}

/** A socket whose user has joined a group, and of whom nobody looks any more. */
async function joined(user: string): Promise<Opened> {
  const socket = await cloud.open(({ fields: { event } }) =>
    event === 'handshake' ? actions({ join: ['room'], user }) : 204,
  );
  await cloud.app.hook(socket.path, 'joined');
  await cloud.settled();
  await passing(100_000);
  return socket;
}

async function ended({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

describe('a look at who has gone', { timeout: 60_000 }, () => {
  test.for(['fails', 'dies'])('that %s five times in a row is made again', async (how) => {
    const alice = await joined(`alice-${how}`);
    let attempts = 0;
    cloud.wires.meddler = {
      before: async ({ service, body }) => {
        if (service !== 'dynamodb' || !body.includes(`u:alice-${how}`) || !body.includes('leaseUntil'))
          return undefined;
        attempts += 1;
        if (how === 'dies') await cloud.lambdas.tasks.kill();
        const __type = 'com.amazon.coral.service#AccessDeniedException';
        return how === 'dies' ? 'cut' : { status: 400, json: { __type, message: 'No.' } };
      },
    };
    await ended(alice);
    await passing(graceMs);
    // A message whose function died comes again after six minutes.
    for (let attempt = 2; attempt <= 5; attempt++) await passing(360_000);
    expect([attempts, cloud.app.of(alice.path, 'left').length], 'after five attempts').toEqual([5, 0]);
    cloud.wires.meddler = {};
    await passing(901_000);
    expect(cloud.app.of(alice.path, 'left'), 'a quarter of an hour later').toHaveLength(1);
    expect(cloud.queue.waitingIn(queueNames.presence), 'left to do').toEqual([]);
    expect(cloud.log.filter(({ event }) => event === 'task_not_put_back')).toEqual([]);
  });

  /** Lambda throttles the function of tasks. A message counts as received, and comes again after six minutes. */
  async function throttling(socket: Opened, receives: number): Promise<void> {
    const { tasks } = cloud.handlers;
    cloud.handlers.tasks = () => Promise.reject(new Error('Rate exceeded.'));
    await ended(socket);
    await passing(graceMs);
    for (let receive = 2; receive < 7; receive++) await passing(360_000);
    cloud.queue.wear(queueNames.presence, receives - 7);
    await passing(360_000);
    cloud.handlers.tasks = tasks;
    expect(cloud.app.of(socket.path, 'left'), 'while it is throttled').toEqual([]);
  }

  test('that Lambda throttles for a day is made once it runs again', async () => {
    const alice = await joined('alice-throttled');
    await throttling(alice, maxReceives.presence - 1);
    await passing(360_000);
    expect(cloud.app.of(alice.path, 'left')).toHaveLength(1);
    expect([cloud.queue.waitingIn(queueNames.presence), cloud.queue.dead]).toEqual([[], []]);
  });

  test('that Lambda throttles for longer is dead, and made once it is moved back to its queue', async () => {
    const alice = await joined('alice-dead');
    await throttling(alice, maxReceives.presence);
    await passing(900_000);
    expect(cloud.app.of(alice.path, 'left'), 'dead').toEqual([]);
    const [dead = '', ...others] = cloud.queue.dead;
    expect(others).toEqual([]);
    cloud.queue.put(queueNames.presence, dead);
    await cloud.settled();
    await passing(graceMs);
    expect(cloud.app.of(alice.path, 'left'), 'moved back').toHaveLength(1);
  });
});

test('a look that an earlier version left in the queue of tasks is made from there, also if it fails at first', async () => {
  const alice = await joined('alice-earlier');
  await ended(alice);
  const [own = ''] = cloud.queue.waitingIn(queueNames.presence);
  cloud.queue.clear(queueNames.presence);
  let attempts = 0;
  cloud.wires.meddler = {
    before: ({ service, body }) => {
      if (service !== 'dynamodb' || !body.includes('u:alice-earlier') || !body.includes('leaseUntil'))
        return undefined;
      attempts += 1;
      const __type = 'com.amazon.coral.service#AccessDeniedException';
      return attempts === 1 ? { status: 400, json: { __type, message: 'No.' } } : undefined;
    },
  };
  await cloud.pass(graceMs);
  cloud.queue.put(queueNames.tasks, own);
  await cloud.settled();
  const waiting = () =>
    [queueNames.tasks, queueNames.presence].map((name) => cloud.queue.waitingIn(name).length);
  expect([attempts, waiting(), cloud.app.of(alice.path, 'left')], 'after it has failed').toEqual([
    1,
    [1, 0],
    [],
  ]);
  await passing(5_000);
  cloud.wires.meddler = {};
  expect(cloud.app.of(alice.path, 'left'), 'five seconds later').toHaveLength(1);
  expect(cloud.log.filter(({ event }) => event === 'task_not_put_back')).toEqual([]);
});

test('a hundred looks at one user that come together are over at once, and tell one hook', async () => {
  const alice = await joined('alice-crowd');
  await ended(alice);
  const [own = ''] = cloud.queue.waitingIn(queueNames.presence);
  const look = JSON.parse(own);
  cloud.queue.hold();
  // As of sockets that ended before it, a millisecond apart.
  for (let at = 1; at < 100; at++)
    cloud.queue.put(queueNames.presence, JSON.stringify({ ...look, waited: look.waited - at }));
  await cloud.pass(graceMs);
  cloud.queue.release();
  await cloud.settled();
  expect(cloud.app.of(alice.path, 'left'), 'at once').toHaveLength(1);
  // Those that wait for a grace, those that a busy table has failed, and one that comes in case the holder has died.
  for (let rest = 0; rest < 10 && cloud.queue.waitingIn(queueNames.presence).length > 0; rest++)
    await passing(100_000);
  expect(cloud.app.of(alice.path, 'left'), 'later').toHaveLength(1);
  expect(cloud.queue.waitingIn(queueNames.presence), 'left to do').toEqual([]);
}, 60_000);
