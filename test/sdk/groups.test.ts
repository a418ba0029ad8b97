import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ApiError,
  broadcastMessage,
  closeSocket,
  createWebSocketUrl,
  joinGroup,
  leaveGroup,
  listGroup,
  listUsers,
} from '../../sdk/index.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
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

test('a socket joins a group and leaves it, and a broadcast to the group reaches it in between', async () => {
  const [one, two] = [await open('/in/1'), await open('/in/2')];
  expect(await broadcastMessage('too early', { group: 'g' })).toMatchObject({ delivered: 0 });
  expect(await joinGroup('g', one.from)).toBe(true);
  expect(await joinGroup('g', one.from)).toBe(true);
  expect(await broadcastMessage('in time', { group: 'g' })).toMatchObject({ delivered: 1 });
  expect(await leaveGroup('g', one.from)).toBe(true);
  expect(await leaveGroup('g', one.from)).toBe(true);
  expect(await broadcastMessage('too late', { group: 'g' })).toMatchObject({ delivered: 0 });
  expect(await broadcastMessage('all')).toMatchObject({ delivered: 2 });
  expect(await one.client.take(2)).toEqual(['in time', 'all']);
  expect(await two.client.next()).toBe('all');
  await one.client.close();
  await two.client.close();
});

const names = [
  'room:1',
  'A-Z_a~z.@0',
  'room/1',
  'what?',
  '#1',
  'a b',
  'a+b',
  'a%2Fb',
  'a&group=b',
  '.',
  '..',
  '-',
  '日本',
  "'(!*)",
  'x'.repeat(256),
];

test.for(names)('a socket joins the group %j, is listed in it and leaves it', async (group) => {
  const path = `/named/${names.indexOf(group)}`;
  const { client, from } = await open(path);
  expect(await joinGroup(group, from)).toBe(true);
  expect((await listGroup(group)).sockets.map(({ socket }) => socket)).toEqual([from]);
  expect(await broadcastMessage('hello', { group })).toMatchObject({ delivered: 1 });
  client.send('where am I?');
  const { fields } = await world.app.hook(path, 'message');
  expect(JSON.parse(fields['groups'] ?? '')).toEqual([group]);
  expect(await leaveGroup(group, from)).toBe(true);
  expect(await listGroup(group)).toEqual({ sockets: [] });
  await client.close();
});

test('a group is listed in pages', async () => {
  const opened = await Promise.all(['/page/1', '/page/2', '/page/3'].map(open));
  for (const { from } of opened) await joinGroup('paged/group', from);
  const first = await listGroup('paged/group', { limit: 2 });
  expect(first.sockets).toHaveLength(2);
  const { cursor = '' } = first;
  const second = await listGroup('paged/group', { limit: 2, cursor });
  const listed = [...first.sockets, ...second.sockets];
  expect(listed.map(({ path }) => path).sort()).toEqual(['/page/1', '/page/2', '/page/3']);
  for (const { socket, path, user, openedAt } of listed) {
    expect(opened.map(({ from }) => from)).toContain(socket);
    expect(path).toMatch(/^\/page\//);
    expect(user).toBe('');
    expect(Math.abs(openedAt.getTime() - Date.now())).toBeLessThan(60_000);
  }
  await Promise.all(opened.map(({ client }) => client.close()));
});

test('the users of a group are listed in pages, each with the number of sockets', async () => {
  const group = 'users/of a group';
  const users = ['alice', 'bob', 'alice', ''];
  const urls = await Promise.all(users.map((user, at) => createWebSocketUrl(`/user/${at}`, { user })));
  const clients = await Promise.all(urls.map((url) => connect(url)));
  for (let at = 0; at < users.length; at++) {
    const { from = '' } = (await world.app.hook(`/user/${at}`, 'handshake')).fields;
    await joinGroup(group, from);
  }
  const first = await listUsers(group, { limit: 1 });
  expect(first.users).toHaveLength(1);
  const { cursor = '' } = first;
  const second = await listUsers(group, { limit: 1, cursor });
  const listed = [...first.users, ...second.users].sort((one, other) => (one.user < other.user ? -1 : 1));
  expect(listed).toEqual([
    { user: 'alice', sockets: 2 },
    { user: 'bob', sockets: 1 },
  ]);
  await Promise.all(clients.map((client) => client.close()));
  expect(await listUsers('nobody is here')).toEqual({ users: [] });
});

test('a list of users that is no gateway’s is an error', async () => {
  const own = process.env['SOCKETHOOK_API_URL'];
  for (const users of [undefined, [{}], [{ user: 'alice', sockets: -1 }], [{ user: 7, sockets: 1 }]]) {
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ users }));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    process.env['SOCKETHOOK_API_URL'] = `http://127.0.0.1:${port}`;
    const listed = await listUsers('g').catch((error: unknown) => error);
    process.env['SOCKETHOOK_API_URL'] = own;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(listed, JSON.stringify(users)).toBeInstanceOf(ApiError);
  }
});

test('a socket that has ended joins nothing and leaves nothing', async () => {
  const { client, from } = await open('/ended');
  await closeSocket(from);
  await client.closed;
  expect(await joinGroup('g', from)).toBe(false);
  expect(await leaveGroup('g', from)).toBe(false);
  expect(await joinGroup('g', 'nobody')).toBe(false);
});

test('a 51st group is an error that names the problem, and the socket stays in its 50', async () => {
  const { client, from } = await open('/many');
  for (let at = 0; at < 50; at++) await joinGroup(`g${at}`, from);
  const refused = joinGroup('g50', from);
  await expect(refused).rejects.toBeInstanceOf(ApiError);
  await expect(refused).rejects.toMatchObject({ status: 409, problem: 'too_many_groups' });
  await expect(refused).rejects.toThrow('at most 50 groups');
  expect(await listGroup('g50')).toEqual({ sockets: [] });
  expect((await listGroup('g49')).sockets).toHaveLength(1);
  await client.close();
});

test('a URL names the groups of its client, which it is in once the app accepts it', async () => {
  const url = await createWebSocketUrl('/ticket', { groups: ['b', 'a/1', 'b'] });
  const client = await connect(url);
  const { fields } = await world.app.hook('/ticket', 'handshake');
  expect(JSON.parse(fields['groups'] ?? '')).toEqual(['b', 'a/1']);
  expect(await broadcastMessage('hello', { group: 'a/1' })).toMatchObject({ delivered: 1 });
  expect(await client.next()).toBe('hello');
  await client.close();
});

test('a URL for 50 groups of 1,024 bytes in all connects, and POST /urls makes the same ticket', async () => {
  const groups = Array.from({ length: 50 }, (_, at) => `${at}`.padEnd(at < 24 ? 21 : 20, 'g'));
  expect(groups.join('')).toHaveLength(1_024);
  const { json } = await world.api.post('/urls', { path: '/full', groups });
  const claims = (url: string): { groups: string[] } => {
    const [, payload = ''] = (new URL(url).searchParams.get('ticket') ?? '').split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  };
  const url = await createWebSocketUrl('/full', { groups });
  expect(claims(url).groups).toEqual(groups);
  expect(claims(String(json['url'])).groups).toEqual(groups);
  const client = await connect(url);
  expect((await listGroup(groups[49] ?? '')).sockets).toHaveLength(1);
  await client.close();
});
