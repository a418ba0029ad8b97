import { afterEach, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld;
afterEach(() => world.stop());

test('a client whose messages are refused is closed with 1013 after 16 MiB, and each that was posted is a dead letter', {
  timeout: 60_000,
}, async () => {
  world = await startLocal();
  const path = freshPath();
  world.app.on(path, ({ fields: { event } }) => (event === 'message' ? { status: 400 } : 204));
  const client = await connect(`${world.url}${path}`);
  // 127 of them fit.
  const body = 'x'.repeat(131_072);
  for (let at = 0; at < 140; at++) client.send(body);
  expect((await client.closed).code).toBe(1013);
  expect((await world.app.hook(path, 'closed')).fields['code']).toBe('1013');
  const posted = world.app.of(path, 'message').length;
  expect(posted, 'messages that were posted').toBeGreaterThanOrEqual(128);
  const { json } = await world.api.call('GET', '/dead-letters?limit=1000');
  expect((json['deadLetters'] as object[]).length, 'dead letters').toBe(posted);
  expect(world.log.of('hook_lost')).toEqual([]);
  // Nothing follows the closed hook.
  expect(world.app.of(path).at(-1)?.fields['event']).toBe('closed');
});
