import { describe, expect, test } from 'vitest';
import { route } from '../../../functions/gateway/api/route.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { ok } from '../../../functions/wire/result.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupName, groupNames, groupsNamed } from '../../fakes/group-names.ts';

const group = groupName('room:1');

/** Calls the API as somebody whom IAM let in. */
async function call({ gateway }: FakeWorld, method: string, url: string, body = '') {
  const [path = '', query = ''] = url.split('?');
  const found = route(method, path);
  if (!found.ok) throw new Error(`${method} ${path} is no call.`);
  const { status, body: text } = await found.value.call(gateway, {
    id: 'req_1',
    parameters: found.value.parameters,
    query,
    authorization: '',
    identity: 'a caller',
    contentType: '',
    body: async () => ok(Buffer.from(body)),
  });
  return { status, json: text === '' ? undefined : JSON.parse(text) };
}

/** Adds a socket that is in the group. */
async function member(world: FakeWorld, given: Partial<SocketRecord> = {}): Promise<SocketRecord> {
  const record = await world.admit(given);
  await world.registry.changeGroups(record.socket, { join: [group], leave: [] });
  return record;
}

describe('GET /groups/{group}', () => {
  const get = (world: FakeWorld) => call(world, 'GET', '/groups/room:1');

  test('of a group that nobody is in counts nothing', async () => {
    const world = fakeGateway();
    await world.admit();
    const json = { group, sockets: 0, users: 0, more: false };
    expect(await get(world)).toEqual({ status: 200, json });
  });

  test('counts a user with two sockets once, and sockets without a user as sockets alone', async () => {
    const world = fakeGateway();
    for (const user of ['alice', 'alice', 'bob', '', '']) await member(world, { user });
    expect((await get(world)).json).toEqual({ group, sockets: 5, users: 2, more: false });
  });

  test('does not count a socket that has ended', async () => {
    const world = fakeGateway();
    const { socket } = await member(world, { user: 'alice' });
    await member(world, { user: 'bob' });
    await world.registry.markEnded(socket, { code: 1000, reason: '', time: 1 });
    expect((await get(world)).json).toEqual({ group, sockets: 1, users: 1, more: false });
  });

  test('counts 10,000 sockets, and says so if there is one more', async () => {
    const world = fakeGateway();
    for (let at = 0; at < limits.groupCount; at++) await member(world, { user: `user ${at}` });
    expect((await get(world)).json).toEqual({ group, sockets: 10_000, users: 10_000, more: false });
    await member(world, { user: 'one more' });
    expect((await get(world)).json).toEqual({ group, sockets: 10_000, users: 10_000, more: true });
  });
});

describe('PUT and DELETE /groups/{group}/sockets/{socket}', () => {
  const path = (socket: string): string => `/groups/room:1/sockets/${encodeURIComponent(socket)}`;

  test.for(['opening', 'accepted', 'open'] as const)(
    'put an %s socket into a group and take it out, twice without harm',
    async (status) => {
      const world = fakeGateway();
      const { socket } = await world.admit({ status });
      for (const [method, groups] of [
        ['DELETE', []],
        ['PUT', [group]],
        ['PUT', [group]],
        ['DELETE', []],
        ['DELETE', []],
      ] as const) {
        expect(await call(world, method, path(socket)), method).toEqual({ status: 204, json: undefined });
        expect((await world.registry.get(socket))?.groups, method).toEqual(groups);
      }
    },
  );

  test.for(['PUT', 'DELETE'])(
    '%s of a closing, an unknown or a malformed socket gets 404',
    async (method) => {
      const world = fakeGateway();
      const { socket } = await member(world);
      await world.registry.markEnded(socket, { code: 1000, reason: '', time: 1 });
      for (const id of [socket, newSocket(), 'a b']) {
        const answer = await call(world, method, path(id));
        expect(answer, id).toMatchObject({ status: 404, json: { code: 'unknown_socket' } });
      }
      expect((await world.registry.get(socket))?.groups).toEqual([group]);
    },
  );

  test('PUT of the 51st group gets 409 with the limit, and changes nothing', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    const names = groupsNamed('g', limits.groups);
    await world.registry.changeGroups(socket, { join: names, leave: [] });
    const json = { code: 'too_many_groups', limit: 50 };
    expect(await call(world, 'PUT', path(socket))).toMatchObject({ status: 409, json });
    expect((await world.registry.get(socket))?.groups).toEqual(names);
    expect((await world.registry.list({ group }, 10))?.sockets).toEqual([]);
  });
});

describe('the name of a group', () => {
  const odd = ['a/b', 'a?b', 'a#b', '100%', 'a b', '日本', '.', '..', '-', '%2F', 'a+b', 'a&group=c', '"'];

  test.for(odd)('may be %j in the query, where the segment of the path is -', async (name) => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    const query = `group=${encodeURIComponent(name)}`;
    const put = await call(world, 'PUT', `/groups/-/sockets/${encodeURIComponent(socket)}?${query}`);
    expect(put.status).toBe(204);
    expect((await world.registry.get(socket))?.groups).toEqual([name]);
    expect((await call(world, 'GET', `/groups/-?${query}`)).json).toMatchObject({ group: name, sockets: 1 });
  });

  test.for(odd.filter((name) => name !== '-'))('may be %j in the path, escaped once', async (name) => {
    const world = fakeGateway();
    const { socket } = await world.admit({ groups: [] });
    await world.registry.changeGroups(socket, { join: groupNames(name), leave: [] });
    const answer = await call(world, 'GET', `/groups/${encodeURIComponent(name)}`);
    expect(answer.json).toMatchObject({ group: name, sockets: 1 });
  });

  test.for<[string, string]>([
    ['/groups/room:1?group=room%3A1', 'in the query while the segment is another'],
    ['/groups/-?group=', 'empty'],
    [`/groups/-?group=${'x'.repeat(257)}`, 'of 257 bytes'],
    [`/groups/-?group=${encodeURIComponent('é'.repeat(129))}`, 'of 258 bytes in 129 letters'],
    ['/groups/-?group=a%0Ab', 'with a line feed'],
    ['/groups/-?group=a%00', 'with a null character'],
    ['/groups/-?group=a&group=b', 'given twice'],
    [`/groups/${'x'.repeat(257)}`, 'of 257 bytes in the path'],
    ['/groups/a%0Ab', 'with a line feed in the path'],
    ['/groups/-', 'missing in the query while the segment is -'],
    ['/groups/%ff', 'no UTF-8 in the path'],
  ])('in %s is refused, being %s', async ([url]) => {
    const world = fakeGateway();
    const json = { code: 'invalid_field', field: 'group', status: 400 };
    expect(await call(world, 'GET', url)).toMatchObject({ status: 400, json });
  });

  test.for(['%ff', '%ED%A0%80', 'a&limit=%fc'])(
    'is refused in the query %s, which is not UTF-8',
    async (query) => {
      const world = fakeGateway();
      const { socket } = await world.admit();
      const put = await call(world, 'PUT', `/groups/-/sockets/${encodeURIComponent(socket)}?group=${query}`);
      expect(put).toMatchObject({ status: 400, json: { code: 'malformed_body' } });
      expect((await world.registry.get(socket))?.groups).toEqual([]);
      const listed = await call(world, 'GET', `/sockets?group=${query}`);
      expect(listed).toMatchObject({ status: 400, json: { code: 'malformed_body' } });
    },
  );

  test('is not taken from a body, which is refused', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    const url = `/groups/room:1/sockets/${encodeURIComponent(socket)}`;
    expect(await call(world, 'PUT', url, 'group=room:2')).toMatchObject({ status: 400 });
    expect(await call(world, 'DELETE', url, '{"group":"room:2"}')).toMatchObject({ status: 400 });
    expect((await world.registry.get(socket))?.groups).toEqual([]);
  });

  test.for([
    { limit: 50, joined: groupsNamed('g', 50), cause: 'groups' },
    {
      limit: 1024,
      joined: groupNames(...['a', 'b', 'c', 'd'].map((letter) => letter.repeat(256))),
      cause: 'bytes',
    },
  ])('is refused with the limit $limit where there are too many $cause', async ({ limit, joined }) => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    await world.registry.changeGroups(socket, { join: joined, leave: [] });
    const put = await call(world, 'PUT', `/groups/one/sockets/${encodeURIComponent(socket)}`);
    expect(put).toMatchObject({ status: 409, json: { code: 'too_many_groups', limit } });
  });

  test('may have 256 bytes', async () => {
    for (const name of ['x'.repeat(256), 'é'.repeat(128)]) {
      const answer = await call(fakeGateway(), 'GET', `/groups/-?group=${encodeURIComponent(name)}`);
      expect(answer.json).toMatchObject({ group: name, sockets: 0 });
    }
  });
});

describe('the lists of a group', () => {
  /** Reads every page of a list. */
  async function pages(world: FakeWorld, url: string, field: 'sockets' | 'users', limit: number) {
    const read: Record<string, unknown>[][] = [];
    for (let cursor = ''; ; ) {
      const { json } = await call(world, 'GET', `${url}?limit=${limit}${cursor && `&cursor=${cursor}`}`);
      read.push(json[field]);
      if (json.cursor === undefined) return read;
      cursor = encodeURIComponent(json.cursor);
    }
  }

  test('have its sockets page by page, each once, without those that have ended', async () => {
    const world = fakeGateway();
    const members: SocketRecord[] = [];
    for (let at = 0; at < 7; at++) members.push(await member(world, { user: `u${at}` }));
    await world.admit();
    const [first, ...others] = members;
    await world.registry.markEnded(first?.socket ?? newSocket(), { code: 1000, reason: '', time: 1 });
    const read = await pages(world, '/groups/room:1/sockets', 'sockets', 2);
    expect(read.map((page) => page.length)).toEqual([2, 2, 2]);
    const rows = others.map(({ socket, path, user, openedAt }) => ({ socket, path, user, openedAt }));
    expect(read.flat()).toEqual(rows);
  });

  test('have its users page by page, each once with the number of its sockets', async () => {
    const world = fakeGateway();
    for (const user of ['bob', 'alice', '', 'bob', 'carol', 'bob', '']) await member(world, { user });
    const read = await pages(world, '/groups/room:1/users', 'users', 2);
    expect(read.map((page) => page.length)).toEqual([2, 1]);
    expect(new Map(read.flat().map(({ user, sockets }) => [user, sockets]))).toEqual(
      new Map([
        ['alice', 1],
        ['bob', 3],
        ['carol', 1],
      ]),
    );
  });

  test.for(['sockets', 'users'])(
    'of %s refuse a cursor that no page ended with, and a bad limit',
    async (list) => {
      const world = fakeGateway();
      await member(world, { user: 'alice' });
      for (const [query, field] of [
        ['cursor=!', 'cursor'],
        ['cursor=', 'cursor'],
        ['limit=0', 'limit'],
        ['limit=1001', 'limit'],
        ['page=2', 'page'],
      ] as const) {
        const answer = await call(world, 'GET', `/groups/room:1/${list}?${query}`);
        expect(answer, query).toMatchObject({ status: 400, json: { field } });
      }
      for (const limit of [1, 1_000])
        expect((await call(world, 'GET', `/groups/room:1/${list}?limit=${limit}`)).status).toBe(200);
    },
  );

  test('of a group that nobody is in are empty', async () => {
    const world = fakeGateway();
    expect((await call(world, 'GET', '/groups/empty/sockets')).json).toEqual({ sockets: [] });
    expect((await call(world, 'GET', '/groups/empty/users')).json).toEqual({ users: [] });
  });

  test('are also those of GET /sockets with its filters', async () => {
    const world = fakeGateway();
    const alice = await member(world, { user: 'alice' });
    await member(world, { user: 'bob' });
    await world.admit({ user: 'alice' });
    const { json } = await call(world, 'GET', '/sockets?group=room%3A1&user=alice&path=%2F');
    expect(json.sockets).toMatchObject([{ socket: alice.socket }]);
    expect(json.sockets).toHaveLength(1);
    const refused = await call(world, 'GET', '/sockets?group=');
    expect(refused).toMatchObject({ status: 400, json: { code: 'invalid_field', field: 'group' } });
  });
});
