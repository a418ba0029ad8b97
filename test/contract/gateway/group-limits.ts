import { describe, expect, test } from 'vitest';
import { refused } from '../../support/client.ts';
import { actions } from '../../support/recording-app.ts';
import {
  broadcastTo,
  freshGroup,
  groupUrl,
  joinByHttp,
  leaveByHttp,
  listed,
  Member,
} from './group-member.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** A name of this many bytes that no other test has. */
function nameOf(bytes: number): string {
  return freshGroup().padEnd(bytes, 'x');
}

/** So many short names that no other test has. */
function names(count: number): string[] {
  const group = freshGroup().slice(-12);
  return Array.from({ length: count }, (_, at) => `${group}:${at}`);
}

/** Lists of groups that no answer may join or leave. */
const badLists: [string, (good: string) => unknown][] = [
  ['51 groups', () => names(51)],
  ['a group without a name', (good) => [good, '']],
  ['a name of 257 bytes', (good) => [good, nameOf(257)]],
  ['a name of 258 bytes in 129 letters', (good) => [good, 'é'.repeat(129)]],
  ['a name with a line feed', (good) => [good, 'a\nb']],
  ['a name with a null character', (good) => [good, 'a\0b']],
  ['a number', (good) => [good, 7]],
  ['a text', (good) => good],
];

/** Names that are hard to carry. */
const oddNames = [
  ...['a/b', 'a?b', 'a#b', '100%', '%2F', 'a b', 'a+b', 'a&group=c', '日本 é', '😀', '"', '{socket}'],
  ...['.', '..', '-', '/', '//'],
];

/** How many groups a socket may be in, and which names they may have. */
export function limitsOfGroups(current: () => GatewayWorld, subject: Subject): void {
  describe('a socket that is in 50 groups', () => {
    test('can’t join another by HTTP until it leaves one, and may join those again that it is in', async () => {
      const world = current();
      const [first = '', ...others] = names(50);
      const member = await Member.open(world, { handshake: { join: [first, ...others] } });
      const another = freshGroup();
      const refusal = await joinByHttp(world, another, member.socket);
      expect(refusal.status).toBe(409);
      expect(refusal.json).toMatchObject({ code: 'too_many_groups', limit: 50 });
      expect(await listed(world, another)).toEqual([]);
      expect(await member.act()).toEqual([first, ...others]);
      expect((await joinByHttp(world, first, member.socket)).status).toBe(204);
      await leaveByHttp(world, first, member.socket);
      expect((await joinByHttp(world, another, member.socket)).status).toBe(204);
      expect(await member.act()).toEqual([...others, another]);
    });

    test('can’t join another by an answer: none of its changes is done, and its other actions run', async () => {
      const world = current();
      const [first = '', ...others] = names(50);
      const member = await Member.open(world, { handshake: { join: [first, ...others] } });
      await member.act({ join: names(2), leave: [first] });
      expect(await member.act()).toEqual([first, ...others]);
      expect(await broadcastTo(world, first, 'still in')).toBe(1);
      expect(await member.arrived()).toEqual(['still in']);
    });

    test('may move from one to another in one answer', async () => {
      const world = current();
      const [first = '', ...others] = names(50);
      const member = await Member.open(world, { handshake: { join: [first, ...others] } });
      const another = freshGroup();
      await member.act({ join: [another], leave: [first] });
      expect(await member.act()).toEqual([...others, another]);
    });

    test('by its ticket is let in without those that the answer to its handshake joins', async () => {
      const world = current();
      const [ticket, answer] = [names(50), freshGroup()];
      const member = await Member.open(world, { ticket, handshake: { join: [answer], reply: 'welcome' } });
      expect(await member.client.next()).toBe('welcome');
      expect(await member.act()).toEqual(ticket);
      expect(await listed(world, answer)).toEqual([]);
    });
  });

  test('a socket that joins one group by HTTP is let in without those of its ticket if they are then 51', async () => {
    const world = current();
    const [ticket, http] = [names(50), freshGroup()];
    const member = await Member.open(world, {
      ticket,
      handshake: async (socket) => {
        await joinByHttp(world, http, socket);
        return 204;
      },
    });
    expect(await member.act()).toEqual([http]);
    for (const group of ticket.slice(0, 2)) expect(await listed(world, group)).toEqual([]);
  });

  test('the names of a socket’s groups have at most 1,024 bytes together', async () => {
    const world = current();
    const four = Array.from({ length: 4 }, () => nameOf(256));
    const member = await Member.open(world);
    await member.act({ join: four });
    expect(await member.act({ join: ['x'] })).toEqual(four);
    expect((await joinByHttp(world, 'x', member.socket)).json).toMatchObject({ code: 'too_many_groups' });
    expect(await member.act()).toEqual(four);
    for (const group of four) expect(await listed(world, group)).toEqual([member.socket]);
  });

  test.for(badLists)(
    'an answer that joins or leaves %s is not valid, and nothing of it is done',
    async ([, list]) => {
      const world = current();
      const good = freshGroup();
      const member = await Member.open(world);
      await member.ask({ join: list(good), state: 'changed', reply: 'no' });
      await member.ask({ leave: list(good), state: 'changed', reply: 'no' });
      const later = await member.ask({ reply: 'yes' });
      expect(await member.client.next()).toBe('yes');
      expect(later.fields['state']).toBe('');
      expect(await listed(world, good)).toEqual([]);
      expect(await member.act()).toEqual([]);
    },
  );

  test.for(badLists)('a handshake whose answer joins %s is refused', async ([, list]) => {
    const world = current();
    const [path, good] = [freshPath(), freshGroup()];
    world.app.on(path, ({ fields }) =>
      fields['event'] === 'handshake' ? actions({ join: list(good) }) : 204,
    );
    expect((await refused(world.at(path))).status).toBe(subject.refusesWith ?? 502);
    expect((await world.app.hook(path, 'closed')).fields['code']).toBe('1006');
    expect(await listed(world, good)).toEqual([]);
  });

  test('an answer may join 50 groups and leave 50, and a name that is repeated counts once', async () => {
    const world = current();
    const fifty = names(50);
    const member = await Member.open(world);
    await member.act({ join: fifty });
    expect(await member.act({ leave: fifty })).toEqual(fifty);
    const [one = ''] = fifty;
    await member.act({ join: Array.from({ length: 50 }, () => one) });
    expect(await member.act()).toEqual([one]);
  });

  test.for([256, 1])('a name of %i bytes is good everywhere', async (bytes) => {
    const world = current();
    const name = bytes === 1 ? 'y' : nameOf(bytes);
    const member = await Member.open(world, { ticket: [name] });
    expect(await member.act({ leave: [name] })).toEqual([name]);
    expect((await joinByHttp(world, name, member.socket)).status).toBe(204);
    expect(await broadcastTo(world, name, 'hello')).toBe(1);
    expect(await member.arrived()).toEqual(['hello']);
    await member.close();
  });

  test.for(oddNames)('the name %j travels in the query of each call', async (name) => {
    const world = current();
    const member = await Member.open(world, { ticket: [name] });
    expect(await member.act({ leave: [name] })).toEqual([name]);
    expect((await joinByHttp(world, name, member.socket)).status).toBe(204);
    expect(await listed(world, name)).toEqual([member.socket]);
    const count = await world.api.call('GET', groupUrl(name));
    expect(count.json).toEqual({ group: name, sockets: 1, users: 0, more: false });
    const users = await world.api.call('GET', groupUrl(name, '/users'));
    expect(users.json).toEqual({ users: [] });
    const filtered = await world.api.call('GET', `/sockets?group=${encodeURIComponent(name)}`);
    expect(filtered.json['sockets']).toMatchObject([{ socket: member.socket }]);
    expect(await broadcastTo(world, name, 'hello')).toBe(1);
    expect(await member.arrived()).toEqual(['hello']);
    expect((await leaveByHttp(world, name, member.socket)).status).toBe(204);
    expect(await listed(world, name)).toEqual([]);
    await member.close();
  });

  test('a name of letters, digits and _ . : @ ~ - travels in the path', async () => {
    const world = current();
    const name = `${freshGroup()}_.@~-Aa0`;
    const member = await Member.open(world);
    for (const written of [name, encodeURIComponent(name)]) {
      const path = `/groups/${written}`;
      const socket = `${path}/sockets/${encodeURIComponent(member.socket)}`;
      expect((await world.api.call('PUT', socket)).status, written).toBe(204);
      expect(await listed(world, name), written).toEqual([member.socket]);
      expect((await world.api.call('GET', path)).json, written).toMatchObject({ group: name, sockets: 1 });
      const { json } = await world.api.call('GET', `${path}/sockets`);
      expect(json['sockets'], written).toMatchObject([{ socket: member.socket }]);
      expect((await world.api.call('GET', `${path}/users`)).json, written).toEqual({ users: [] });
      expect((await world.api.call('DELETE', socket)).status, written).toBe(204);
      expect(await listed(world, name), written).toEqual([]);
    }
  });

  test.for<[string, string]>([
    ['empty', groupUrl('')],
    ['of 257 bytes', groupUrl('x'.repeat(257))],
    ['of 258 bytes in 129 letters', groupUrl('é'.repeat(129))],
    ['with a line feed', groupUrl('a\nb')],
    ['with a null character', groupUrl('a\0b')],
    ['given twice', `${groupUrl('a')}&group=b`],
    ['in the query, while the segment of the path is another', '/groups/room?group=room'],
  ])('a call about a group whose name is %s gets 400', async ([, url]) => {
    const world = current();
    const [path = '', query = ''] = url.split('?');
    const calls = [
      ['GET', `${path}?${query}`],
      ['GET', `${path}/sockets?${query}`],
      ['GET', `${path}/users?${query}`],
      ['PUT', `${path}/sockets/AAAAAAAAAAAAAAA%3D?${query}`],
      ['DELETE', `${path}/sockets/AAAAAAAAAAAAAAA%3D?${query}`],
    ] as const;
    for (const [method, call] of calls) {
      const answer = await world.api.call(method, call);
      expect(answer.status, `${method} ${call}`).toBe(400);
      expect(answer.json, `${method} ${call}`).toMatchObject({ code: 'invalid_field', field: 'group' });
    }
  });

  test.for<[string, unknown]>([
    ['51 groups', names(51)],
    ['names of 1,025 bytes together', [...Array.from({ length: 4 }, () => nameOf(256)), 'x']],
    ['a group without a name', ['']],
    ['a name of 257 bytes', [nameOf(257)]],
    ['a name with a line feed', ['a\nb']],
  ])('a URL with %s is refused', async ([, groups]) => {
    const answer = await current().api.post('/urls', { path: '/', groups });
    expect(answer.status).toBe(400);
    expect(answer.json['code']).toBe('invalid_field');
    expect(answer.json['field']).toMatch(/^groups/);
  });
}
