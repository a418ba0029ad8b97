import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened, queueNames } from './cloud.ts';

const groups = ['one', 'two'];
let cloud: Cloud;
let isDown = false;
beforeAll(async () => {
  const HOOKS = 'handshake,message,closed,joined,left';
  cloud = await Cloud.start({ HOOKS, PRESENCE_GRACE_MS: '900000' });
});
afterAll(() => cloud.stop());

const events = (name: string) => cloud.log.filter(({ event }) => event === name);

function opened(user: string): Promise<Opened> {
  return cloud.open(({ fields: { event } }) => {
    if (isDown) return { status: 503 };
    return event === 'handshake' ? actions({ user, join: groups }) : 204;
  });
}

async function openBreaker(sockets: readonly Opened[]): Promise<void> {
  isDown = true;
  cloud.queue.hold();
  for (let at = 0; events('breaker_opened').length === 0; at++) {
    if (at === 40) throw new Error('Two hundred messages did not open the breaker.');
    // Until then, an answer that another process got may be unknown.
    if (at === 10) await cloud.pass(6_000);
    for (const { client } of sockets) client.send(`${at}`);
    const sent = sockets.length * (at + 1);
    await eventually('the messages wait', () => cloud.queue.waitingIn(queueNames.retries).length === sent);
  }
  cloud.queue.release();
}

test('an app that is away pays once for who leaves, however often their closed hooks are looked at', async () => {
  const users = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const sockets = await Promise.all(users.map(opened));
  for (const { path } of sockets) await cloud.app.hook(path, 'joined');
  // What their handshakes queued is done.
  await cloud.minutes(2);
  await openBreaker(sockets);
  const closedLooks = () =>
    events('hook_postponed').filter(({ event: _, ...facts }) => {
      return JSON.stringify(facts).includes('closed_');
    }).length;
  const before = closedLooks();
  const passages = await cloud.wires.during(async () => {
    for (const { client } of sockets) await client.close();
    await cloud.settled();
    // Shorter than the grace, so that nobody looks yet at who has left.
    for (let minute = 0; minute < 10; minute++) await cloud.minutes(1);
  });
  const looks = closedLooks() - before;
  expect(looks, 'looks at closed hooks').toBeGreaterThan(sockets.length * 4);
  const owed = sockets.length * groups.length;
  const departures = passages.filter(({ body }) => body.includes('SET #departedAt'));
  expect(departures, 'departures that are noted').toHaveLength(owed);
  const queued = passages.filter(
    ({ operation, body }) => operation === 'SendMessage' && body.includes('presence'),
  );
  expect(queued, 'looks that are queued').toHaveLength(owed);
  const reads = passages.filter(
    ({ operation, body }) => operation === 'GetItem' && body.includes('presence#'),
  );
  expect(reads, 'a read for each group and look').toHaveLength(looks * groups.length);

  isDown = false;
  await cloud.minutes(20);
  for (const { path } of sockets) {
    expect(cloud.app.of(path, 'closed').length, 'closed').toBeGreaterThan(0);
    expect(cloud.app.of(path, 'left').length, 'left').toBeGreaterThanOrEqual(groups.length);
  }
  expect(await cloud.items()).toEqual([]);
}, 120_000);
