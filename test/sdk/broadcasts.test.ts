import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ArgumentError,
  type BroadcastProgress,
  broadcastMessage,
  cancelBroadcast,
  getBroadcast,
} from '../../sdk/index.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

let world: LocalWorld;
let clients: Client[] = [];
beforeAll(async () => {
  world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
  process.env['SOCKETHOOK_API_KEY'] = testSecrets.apiKeys[0];
  clients = await Promise.all(Array.from({ length: 501 }, (_, at) => connect(`${world.url}/${at % 2}`)));
});
afterAll(() => world.stop());

test('a broadcast to up to 500 sockets resolves to their outcomes, and has no id', async () => {
  const result = await broadcastMessage('to some', { path: '/0' });
  expect(result).toEqual({ delivered: 251, queued: 0, gone: 0, failed: 0 });
  expect(result.broadcast).toBeUndefined();
});

test('a broadcast to more resolves to its id, and its progress is told until it is done', async () => {
  const { broadcast, delivered } = await broadcastMessage('to all');
  if (broadcast === undefined) throw new Error('The broadcast has no id.');
  expect(delivered).toBeUndefined();
  let progress: BroadcastProgress | undefined;
  await eventually('it is done', async () => {
    progress = await getBroadcast(broadcast);
    return progress?.status === 'done';
  });
  const counts = { found: 501, delivered: 501, queued: 0, gone: 0, failed: 0 };
  expect(progress).toEqual({ broadcast, status: 'done', ...counts });
  expect(await clients[1]?.next()).toBe('to all');
  expect(await cancelBroadcast(broadcast), 'a known one').toBe(true);
});

test('an unknown broadcast has no progress, and cannot be cancelled', async () => {
  for (const id of ['AAAAAAAAAAAAAAAAAAAAAA', 'a/b', 'a b']) {
    expect(await getBroadcast(id), id).toBeUndefined();
    expect(await cancelBroadcast(id), id).toBe(false);
  }
});

test('what cannot be an id is an error, and nothing is called', async () => {
  await expect(getBroadcast('')).rejects.toThrow(ArgumentError);
  await expect(cancelBroadcast('')).rejects.toThrow('must be the id that broadcastMessage resolved to');
});
