import { expect } from 'vitest';
import type { Registry, UserPage } from '../../../functions/gateway/ports.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup } from '../../fakes/a-record.ts';
import type { Standing } from './registry-world.ts';

/** Two groups. */
export const room = aGroup('room:1');
export const hall = aGroup('hall');
/** The standings of sockets that may be in groups. */
export const living: Standing[] = ['opening', 'opening, messages wait', 'accepted', 'open'];

/** Groups that are numbered. */
export function numbered(count: number, from = 0): GroupName[] {
  return Array.from({ length: count }, (_, at) => aGroup(`g${from + at}`));
}

/** A socket joins groups. */
export async function join(registry: Registry, socket: SocketId, ...groups: GroupName[]) {
  return registry.changeGroups(socket, { join: groups, leave: [] });
}

/** A socket leaves groups. */
export async function leave(registry: Registry, socket: SocketId, ...groups: GroupName[]) {
  return registry.changeGroups(socket, { join: [], leave: groups });
}

/** The groups of a socket, by its record. */
export async function groupsOf(
  registry: Registry,
  socket: SocketId,
): Promise<readonly GroupName[] | undefined> {
  return (await registry.get(socket))?.groups;
}

/** The sockets that a broadcast reaches, in the order of their ids. Fails if one comes twice. */
export async function reached(
  registry: Registry,
  filter: SocketFilter,
  enough?: number,
): Promise<SocketId[]> {
  const found: SocketId[] = [];
  for await (const { records } of registry.pages(filter, undefined, enough))
    found.push(...records.map(({ socket }) => socket));
  expect(new Set(found).size, 'a socket comes once').toBe(found.length);
  return found.sort();
}

/** The sockets of a list, page by page, in the order of their ids. */
export async function listed(registry: Registry, filter: SocketFilter, limit: number): Promise<SocketId[]> {
  const found: SocketId[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const page = await registry.list(filter, limit, cursor);
    if (page === undefined) throw new Error('The cursor is not known.');
    expect(page.sockets.length, 'sockets on a page').toBeLessThanOrEqual(limit);
    found.push(...page.sockets.map(({ socket }) => socket));
    if (page.cursor === undefined) return found.sort();
    cursor = page.cursor;
  }
  throw new Error('The list has no end.');
}

/** The users of a group, page by page, with the number of their sockets. Fails if one comes twice. */
export async function users(
  registry: Registry,
  group: GroupName,
  limit: number,
): Promise<Record<string, number>> {
  const found: UserPage['users'][number][] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const page = await registry.listUsers(group, limit, cursor);
    if (page === undefined) throw new Error('The cursor is not known.');
    expect(page.users.length, 'users on a page').toBeLessThanOrEqual(limit);
    found.push(...page.users);
    cursor = page.cursor;
    if (cursor !== undefined) continue;
    expect(new Set(found.map(({ user }) => user)).size, 'a user comes once').toBe(found.length);
    return Object.fromEntries(found.map(({ user, sockets }) => [user, sockets]));
  }
  throw new Error('The list of users has no end.');
}

/** Everybody agrees on who is in a group. */
export async function expectMembers(registry: Registry, group: GroupName, sockets: readonly SocketId[]) {
  const expected = [...sockets].sort();
  expect(await reached(registry, { group }), 'a broadcast reaches').toEqual(expected);
  expect(await listed(registry, { group }, 2), 'a list has').toEqual(expected);
}
