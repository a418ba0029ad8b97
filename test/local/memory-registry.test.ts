import { describe, expect, test } from 'vitest';
import type { Directory } from '../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { MemoryRegistry } from '../../functions/local/memory-registry.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { aPath, aRecord } from '../fakes/a-record.ts';
import { groupName, groupNames } from '../fakes/group-names.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const group = groupName('room');
const join = { join: [group], leave: [] };
const leave = { join: [], leave: [group] };

/** How many records a page has. */
const pageSize = 1_000;

/** A registry with so many members of the group, in the order in which they joined. */
async function registryOf(count: number) {
  const registry = new MemoryRegistry(new ManualClock());
  const add = async (given: Partial<SocketRecord> = {}): Promise<SocketId> => {
    const record = aRecord({ status: 'open', acceptedAt: 1, ...given });
    await registry.put(record);
    return record.socket;
  };
  const members: SocketId[] = [];
  for (let at = 0; at < count; at++) {
    const socket = await add();
    registry.changeGroups(socket, join);
    members.push(socket);
  }
  return { registry, add, members };
}

/** The sockets that a broadcast to the group reaches, while something else happens after each of its pages. */
async function reached(registry: Directory, meanwhile: () => unknown = () => {}): Promise<SocketId[]> {
  const sockets: SocketId[] = [];
  for await (const { records } of registry.pages({ group })) {
    sockets.push(...records.map(({ socket }) => socket));
    await meanwhile();
  }
  return sockets;
}

describe('a broadcast to a group of several pages', () => {
  test('reaches every member once, in the order in which they joined', async () => {
    const { registry, add, members } = await registryOf(2 * pageSize + 1);
    await add();
    expect(await reached(registry)).toEqual(members);
  });

  test('does not reach a socket twice that leaves and joins again while it runs', async () => {
    const { registry, members } = await registryOf(2 * pageSize);
    const [first = members[0]] = members;
    const sockets = await reached(registry, () => {
      if (first === undefined) return;
      registry.changeGroups(first, leave);
      registry.changeGroups(first, join);
    });
    expect(sockets).toEqual(members);
  });

  test('does not reach a socket that joins while it runs', async () => {
    const { registry, add, members } = await registryOf(2 * pageSize);
    const late = await add();
    const sockets = await reached(registry, () => registry.changeGroups(late, join));
    expect(sockets).toEqual(members);
    expect(await reached(registry)).toEqual([...members, late]);
  });

  test('does not reach a socket that leaves or ends before its turn, and reaches all others', async () => {
    const { registry, members } = await registryOf(2 * pageSize);
    const [leaver, ender] = members.slice(-2);
    const sockets = await reached(registry, async () => {
      if (leaver === undefined || ender === undefined) return;
      registry.changeGroups(leaver, leave);
      await registry.markEnded(ender, { code: 1000, reason: '', time: 1 });
    });
    expect(sockets).toEqual(members.slice(0, -2));
  });

  test('reaches a member whose user, state and other groups change before its turn', async () => {
    const { registry, members } = await registryOf(2 * pageSize);
    const last = members.at(-1);
    const sockets = await reached(registry, async () => {
      if (last === undefined) return;
      await registry.setState(last, 's');
      registry.changeGroups(last, { join: groupNames('hall'), leave: [] });
      registry.changeGroups(last, { join: groupNames('room'), leave: groupNames('hall') });
    });
    expect(sockets).toEqual(members);
  });

  test('reaches all its members once although all leave and join again after each page', async () => {
    const { registry, members } = await registryOf(2 * pageSize);
    let pages = 0;
    const sockets = await reached(registry, () => {
      pages += 1;
      if (pages > 10) throw new Error('The broadcast does not end.');
      for (const socket of members) {
        registry.changeGroups(socket, leave);
        registry.changeGroups(socket, join);
      }
    });
    expect(sockets).toEqual(members);
  });
});

test('the segment of a group has every member once although all leave and join again after each page', async () => {
  const { registry, members } = await registryOf(1_000);
  const sockets: SocketId[] = [];
  for await (const { recipients } of registry.segment({ group }, 0, { limit: 100 })) {
    sockets.push(...recipients.map(({ socket }) => socket));
    for (const socket of members) {
      registry.changeGroups(socket, leave);
      registry.changeGroups(socket, join);
    }
  }
  expect(sockets).toEqual(members);
});

describe('the list of a group', () => {
  test('shows a socket that joins between two pages', async () => {
    const { registry, add, members } = await registryOf(4);
    const first = await registry.list({ group }, 2);
    expect(first?.sockets.map(({ socket }) => socket)).toEqual(members.slice(0, 2));
    const late = await add();
    registry.changeGroups(late, join);
    const next = await registry.list({ group }, 10, first?.cursor);
    expect(next?.sockets.map(({ socket }) => socket)).toEqual([...members.slice(2), late]);
  });

  test('is narrowed by path and by user', async () => {
    const { registry, add } = await registryOf(2);
    const path = aPath('/hall');
    const [alice, bob] = [await add({ path, user: 'alice' }), await add({ path, user: 'bob' })];
    await add({ path, user: 'alice' });
    for (const socket of [alice, bob]) registry.changeGroups(socket, join);
    const listed = async (filter: { path?: typeof path; user?: string }) =>
      (await registry.list({ group, ...filter }, 10))?.sockets.map(({ socket }) => socket);
    expect(await listed({ path })).toEqual([alice, bob]);
    expect(await listed({ user: 'alice' })).toEqual([alice]);
    expect(await listed({ path, user: 'bob' })).toEqual([bob]);
    expect(await listed({ path: aPath('/'), user: 'bob' })).toEqual([]);
  });

  test('and its users do not have a socket that has left', async () => {
    const { registry, add } = await registryOf(0);
    const socket = await add({ user: 'alice' });
    registry.changeGroups(socket, join);
    expect(await registry.listUsers(group, 10)).toEqual({ users: [{ user: 'alice', sockets: 1 }] });
    registry.changeGroups(socket, leave);
    expect(await registry.list({ group }, 10)).toEqual({ sockets: [] });
    expect(await registry.listUsers(group, 10)).toEqual({ users: [] });
  });

  test('and its users have nobody once its members have ended or their records are removed', async () => {
    const { registry, add } = await registryOf(0);
    const [ended, removed] = [await add({ user: 'alice' }), await add({ user: 'bob' })];
    for (const socket of [ended, removed]) registry.changeGroups(socket, join);
    await registry.markEnded(ended, { code: 1000, reason: '', time: 1 });
    await registry.remove(removed);
    expect(await registry.list({ group }, 10)).toEqual({ sockets: [] });
    expect(await registry.listUsers(group, 10)).toEqual({ users: [] });
    expect(registry.get(ended)?.groups).toEqual([group]);
    await registry.remove(ended);
    expect(registry.size).toBe(0);
  });
});

describe('a change of groups', () => {
  test('that changes nothing leaves the record as it is', async () => {
    const { registry, members } = await registryOf(1);
    const [socket] = members as [SocketId];
    const before = registry.get(socket);
    registry.changeGroups(socket, join);
    registry.changeGroups(socket, { join: [], leave: groupNames('other') });
    expect(registry.get(socket)).toBe(before);
  });

  test('counts in the record, once for each call that changes something', async () => {
    const { registry, add } = await registryOf(0);
    const socket = await add();
    registry.changeGroups(socket, { join: groupNames('a', 'b', 'c'), leave: [] });
    expect(registry.get(socket)).toMatchObject({ groups: ['a', 'b', 'c'], groupsVersion: 1 });
    registry.changeGroups(socket, { join: groupNames('d'), leave: groupNames('a', 'd') });
    expect(registry.get(socket)).toMatchObject({ groups: ['b', 'c'], groupsVersion: 2 });
  });
});
