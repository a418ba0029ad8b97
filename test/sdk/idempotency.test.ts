import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError, ArgumentError, broadcastMessage, sendMessage } from '../../sdk/index.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
  process.env['SOCKETHOOK_API_KEY'] = testSecrets.apiKeys[0];
});
afterAll(() => world.stop());

const open = async (path: string) => {
  const client = await connect(`${world.url}${path}`);
  const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
  return { client, from };
};

test('a send that is repeated with its key resolves to the first result, and its socket gets it once', async () => {
  const { client, from } = await open('/sent');
  const options = { idempotencyKey: randomUUID() };
  const first = await sendMessage([from, 'gone'], 'once', options);
  expect(first).toEqual({ delivered: 1, queued: 0, gone: ['gone'], failed: [] });
  expect(await sendMessage([from, 'gone'], 'once', options)).toEqual(first);
  await sendMessage(from, 'last');
  expect(await client.take(2)).toEqual(['once', 'last']);
  await client.close();
});

test('a list of more than 1,000 sockets that is repeated with its key reaches each of them once', async () => {
  const [start, end] = [await open('/start'), await open('/end')];
  const unknown = Array.from({ length: 2_000 }, (_, at) => `id${at}`);
  const list = [start.from, ...unknown, end.from];
  const options = { idempotencyKey: 'k'.repeat(255) };
  const first = await sendMessage(list, 'once', options);
  expect([first.delivered, first.gone]).toEqual([2, unknown]);
  expect(await sendMessage(list, 'once', options)).toEqual(first);
  await sendMessage([start.from, end.from], 'last');
  expect(await start.client.take(2)).toEqual(['once', 'last']);
  expect(await end.client.take(2)).toEqual(['once', 'last']);
});

test('a broadcast that is repeated with its key resolves to the first result, and reaches each socket once', async () => {
  const { client } = await open('/broadcast');
  const options = { path: '/broadcast', idempotencyKey: randomUUID() };
  const first = await broadcastMessage('once', options);
  expect(first).toEqual({ delivered: 1, queued: 0, gone: 0, failed: 0 });
  const later = await connect(`${world.url}/broadcast`);
  expect(await broadcastMessage('once', options)).toEqual(first);
  await broadcastMessage('last', { path: '/broadcast' });
  expect(await client.take(2)).toEqual(['once', 'last']);
  expect(await later.next()).toBe('last');
});

test('a key with another message is an error that says so, and nothing is sent', async () => {
  const { client, from } = await open('/other');
  const options = { idempotencyKey: randomUUID() };
  await sendMessage(from, 'once', options);
  const refused = sendMessage(from, 'other', options);
  await expect(refused).rejects.toThrow(ApiError);
  await expect(refused).rejects.toMatchObject({
    ...{ status: 422, problem: 'idempotency_key_reused', retryAfter: undefined },
  });
  await sendMessage(from, 'last');
  expect(await client.take(2)).toEqual(['once', 'last']);
});

test.for([
  ['an empty key', ''],
  ['a key of 256 characters', 'k'.repeat(256)],
  ['a key that ends with a space', 'key '],
  ['a key that is not ASCII', 'schlüssel'],
  ['a key with a line feed', 'a\nb'],
  ['half a quote', '"key'],
  ['a number', 7],
])('%s is an error, and nothing is called', async ([, key]) => {
  const idempotencyKey = key as string;
  for (const call of [sendMessage('x', 'y', { idempotencyKey }), broadcastMessage('y', { idempotencyKey })]) {
    await expect(call).rejects.toThrow(ArgumentError);
    await expect(call).rejects.toMatchObject({ argument: 'idempotencyKey' });
  }
});

test('while the first call is running, the error says how long to wait', async () => {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']);
    response.writeHead(409, { 'Content-Type': 'application/problem+json', 'Retry-After': '3' });
    response.end('{"title":"In use","status":409,"code":"idempotency_key_in_use"}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.env['SOCKETHOOK_API_URL'] = `http://127.0.0.1:${portOf(server)}`;
  try {
    const inUse = { status: 409, problem: 'idempotency_key_in_use', retryAfter: 3 };
    await expect(sendMessage('x', 'y', { idempotencyKey: 'one' })).rejects.toMatchObject(inUse);
    await expect(broadcastMessage('y', { idempotencyKey: 'two' })).rejects.toMatchObject(inUse);
    expect(keys).toEqual(['one', 'two']);
  } finally {
    process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
    server.closeAllConnections();
    server.close();
  }
});
