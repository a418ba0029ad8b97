import { afterEach, expect, test } from 'vitest';
import { connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld;
afterEach(() => world.stop());

const nothing = { messages: 0, bytes: 0, retries: 0, deadLetters: 0 };

async function health(): Promise<Record<string, unknown>> {
  const { status, json } = await world.api.call('GET', '/health');
  expect(status).toBe(200);
  return json;
}

test.for(['', 'Bearer wrong', 'Basic YTpi'])(
  'who has no key is told as little as ever (%s)',
  async (Authorization) => {
    world = await startLocal();
    const answer = await world.api.call('GET', '/health', { headers: { Authorization } });
    expect([answer.status, answer.json]).toEqual([200, { status: 'ok', breaker: 'closed' }]);
  },
);

test('who has a key is told whether the app answers', async () => {
  world = await startLocal();
  expect(await health()).toEqual({ status: 'ok', breaker: 'closed', app: 'unknown', backlog: nothing });
  const client = await connect(`${world.url}/room`);
  expect(await health()).toMatchObject({ app: 'answers' });
  const port = Number(new URL(world.app.address).port);
  await client.close();
  await eventually('its closed hook', () => world.app.of('/room', 'closed').length > 0);
  await world.app.stop();
  await refused(`${world.url}/room`);
  expect(await health()).toMatchObject({ status: 'ok', breaker: 'closed', app: 'away' });
  await world.app.listen(port);
  await connect(`${world.url}/room`);
  expect(await health()).toMatchObject({ app: 'answers' });
});

test('who has a key is told what waits', async () => {
  world = await startLocal();
  let release: (() => void) | undefined;
  world.app.on('/slow', async ({ fields }) => {
    if (fields['event'] === 'message') await new Promise<void>((resolve) => (release = resolve));
    return 204;
  });
  world.app.on('/failing', ({ fields }) => (fields['event'] === 'message' ? 500 : 204));
  world.app.on('/refusing', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const slow = await connect(`${world.url}/slow`);
  for (const text of ['one', 'two', 'three']) slow.send(text);
  (await connect(`${world.url}/failing`)).send('four');
  (await connect(`${world.url}/refusing`)).send('five');
  let backlog: unknown;
  await eventually('all of it', async () => {
    ({ backlog } = await health());
    return (
      world.log.of('hook_retried').length > 0 && world.log.of('hook_dead').length > 0 && release !== undefined
    );
  });
  ({ backlog } = await health());
  expect(backlog).toMatchObject({ messages: 2, retries: 1, deadLetters: 1 });
  expect(backlog).toMatchObject({ bytes: expect.toSatisfy((bytes: number) => bytes > 512) });
  release?.();
});

test('a HEAD request with a key has no content', async () => {
  world = await startLocal();
  const answer = await world.api.call('HEAD', '/health');
  expect([answer.status, answer.text]).toEqual([200, '']);
});
