import { afterAll, beforeAll, expect, test } from 'vitest';
import { broadcastMessage, closeSocket, createWebSocketUrl, sendMessage } from '../../sdk/index.ts';
import { connect, refused } from '../support/client.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = `${world.gateway.apiUrl}/`;
  process.env['SOCKETHOOK_API_KEY'] = testSecrets.apiKeys[0];
  process.env['SOCKETHOOK_WEBSOCKET_URL'] = world.gateway.webSocketUrl;
  process.env['SOCKETHOOK_URL_KEY'] = testSecrets.urlKeys.join(',');
});
afterAll(() => world.stop());

const open = async (path: string) => {
  const client = await connect(`${world.url}${path}`);
  const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
  return { client, from };
};

test('a text goes to one socket or to a list, and each has its outcome', async () => {
  const [one, two] = [await open('/one'), await open('/two')];
  expect(await sendMessage(one.from, 'to one')).toEqual({ delivered: 1, queued: 0, gone: [], failed: [] });
  expect(await sendMessage([one.from, two.from, one.from, 'gone'], 'to both')).toEqual({
    delivered: 2,
    queued: 0,
    gone: ['gone'],
    failed: [],
  });
  expect(await one.client.take(2)).toEqual(['to one', 'to both']);
  expect(await two.client.next()).toBe('to both');
  expect(await sendMessage([], 'to nobody')).toEqual({ delivered: 0, queued: 0, gone: [], failed: [] });
  await one.client.close();
  await two.client.close();
});

test('a list of more than 1,000 sockets is sent in several calls', async () => {
  const last = await open('/last');
  const ids = Array.from({ length: 2_001 }, (_, at) => `id${at}`);
  const outcome = await sendMessage([...ids, last.from], 'hello');
  expect([outcome.delivered, outcome.gone]).toEqual([1, ids]);
  expect(await last.client.next()).toBe('hello');
  await last.client.close();
});

test('a broadcast reaches everybody, or those of a path or a user, less those excepted', async () => {
  const [one, two] = [await open('/b/one'), await open('/b/two')];
  expect(await broadcastMessage('all')).toEqual({ delivered: 2, queued: 0, gone: 0, failed: 0 });
  expect(await broadcastMessage('path', { path: '/b/one' })).toMatchObject({ delivered: 1 });
  expect(await broadcastMessage('except', { except: [one.from] })).toMatchObject({ delivered: 1 });
  expect(await broadcastMessage('user', { user: 'nobody' })).toMatchObject({ delivered: 0 });
  expect(await one.client.take(2)).toEqual(['all', 'path']);
  expect(await two.client.take(2)).toEqual(['all', 'except']);
  await one.client.close();
  await two.client.close();
});

test('a socket is closed, once', async () => {
  const { client, from } = await open('/closing');
  expect(await closeSocket(from)).toBe(true);
  expect(await closeSocket(from)).toBe(false);
  expect((await client.closed).code).toBe(1000);
});

test.for([
  ['', '/', ''],
  ['/', '/', ''],
  ['foo', '/foo', ''],
  ['/foo', '/foo', ''],
  ['/foo/bar?x=1', '/foo/bar', 'x=1'],
  ['/a b/é?q=a b&r=é', '/a%20b/%C3%A9', 'q=a%20b&r=%C3%A9'],
  ['/a%20b%2Fc', '/a%20b%2Fc', ''],
  ['/100%', '/100%25', ''],
  ['/foo#f', '/foo%23f', ''],
] as const)(
  'a URL for %j connects, with a ticket and without, and hooks name that path',
  async ([asked, path, query]) => {
    const keys = process.env['SOCKETHOOK_URL_KEY'];
    const before = world.app.of(path, 'handshake').length;
    const ticket = await createWebSocketUrl(asked, { user: 'alice', expiresIn: 60 });
    delete process.env['SOCKETHOOK_URL_KEY'];
    const plain = await createWebSocketUrl(asked);
    process.env['SOCKETHOOK_URL_KEY'] = keys;
    expect(ticket).toMatch(/^ws:\/\/localhost:\d+\/\?ticket=[\w.-]+$/);
    expect(plain).toMatch(/^ws:\/\/localhost:\d+\/\?path=%2F/);
    for (const url of [ticket, plain]) await (await connect(url)).close();
    const hooks = world.app.of(path, 'handshake').slice(before);
    expect(hooks.map(({ fields }) => [fields['query'], fields['user']])).toEqual([
      [query, 'alice'],
      [query, ''],
    ]);
  },
);

test('tickets of the SDK and of POST /urls say the same', async () => {
  const claims = (url: string): unknown => {
    const [header = '', payload = ''] = (new URL(url).searchParams.get('ticket') ?? '').split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    const { exp, ...rest } = read(payload);
    return { header: read(header), ...rest, life: Math.round((exp - Date.now() / 1000) / 10) };
  };
  const options = { user: 'alice', expiresIn: 600 };
  const { json } = await world.api.post('/urls', { path: '/foo?x=a b', ...options });
  expect(claims(await createWebSocketUrl('/foo?x=a b', options))).toEqual(claims(String(json['url'])));
});

test('the longest life that the package gives is one that the gateway takes', async () => {
  await (await connect(await createWebSocketUrl('/longest', { expiresIn: 86_400 }))).close();
  await expect(createWebSocketUrl('/longer', { expiresIn: 86_401 })).rejects.toThrow('from 1 to 86400');
});

/** A URL that has let a client in, and soon expires: in more seconds where a busy machine needs more to connect. */
async function usedInTime(expiresIn: number): Promise<string> {
  const url = await createWebSocketUrl('/expiring', { expiresIn });
  const client = await connect(url).catch((error: unknown) => {
    if (expiresIn > 4) throw error;
  });
  if (client === undefined) return usedInTime(expiresIn * 2);
  await client.close();
  return url;
}

test('a URL works until it expires', async () => {
  const url = await usedInTime(1);
  await expect
    .poll(
      () =>
        refused(url).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 10_000, interval: 100 },
    )
    .toBe(401);
});
