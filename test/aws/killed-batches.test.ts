import { afterAll, beforeAll, expect, test } from 'vitest';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';
import { progressOf, queuedBatch, queuedSegment } from './queued-batch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

test('the function of batches, killed at every moment: everybody gets the message, and it is done', async () => {
  const cases = await killedAtEveryMoment(cloud, 'batches', async ({ ran }) => {
    const sockets: Opened[] = [await cloud.open(), await cloud.open()];
    const { id } = await queuedBatch(cloud, sockets);
    await ran;
    return { sockets, id };
  });
  expect(cases.length).toBeGreaterThanOrEqual(11);
  await cloud.recover();
  let twice = 0;
  for (const { victim, result } of cases) {
    for (const { client } of result.sockets) {
      const all = [await client.next(), ...client.left];
      expect([victim.moment, new Set(all).size]).toEqual([victim.moment, 1]);
      if (!victim.hasDied) expect(all).toHaveLength(1);
      twice += all.length - 1;
    }
    const counts = { found: 2, delivered: 2, queued: 0, gone: 0, failed: 0 };
    expect([victim.moment, await progressOf(cloud, result.id)]).toEqual([
      victim.moment,
      { broadcast: result.id, status: 'done', ...counts },
    ]);
  }
  // Those that were killed after a post, and before its outcome was stored.
  expect(twice).toBeGreaterThan(0);
  expect(cloud.queue.dead).toEqual([]);
  await Promise.all(cases.flatMap(({ result }) => result.sockets.map(({ client }) => client.close())));
}, 60_000);

test('the function of tasks, killed at every moment of a segment: everybody gets the message once', async () => {
  let users = 0;
  const cases = await killedAtEveryMoment(cloud, 'tasks', async ({ ran }) => {
    users += 1;
    const user = `user ${users}`;
    const open = (): Promise<Opened> =>
      cloud.open(({ fields: { event } }) => (event === 'handshake' ? actions({ user }) : 204));
    const sockets = [await open(), await open()];
    const id = await queuedSegment(cloud, user);
    await ran;
    return { sockets, id };
  });
  expect(cases.length).toBeGreaterThanOrEqual(11);
  await cloud.recover();
  for (const { victim, result } of cases) {
    // A batch that two runs have queued is posted once.
    for (const { client } of result.sockets)
      expect([victim.moment, [await client.next(), ...client.left].length]).toEqual([victim.moment, 1]);
    expect([victim.moment, await progressOf(cloud, result.id)]).toMatchObject([
      victim.moment,
      { status: 'done', found: 2, delivered: 2 },
    ]);
  }
  expect(cloud.queue.dead).toEqual([]);
}, 60_000);
