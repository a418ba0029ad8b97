import { randomBytes } from 'node:crypto';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { type GroupName, parseGroup } from '../../functions/wire/group.ts';
import { type ClientPath, parsePath } from '../../functions/wire/path.ts';
import { type SocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';

/** The id of a socket that has never been used. */
export function newSocket(): SocketId {
  return socketIdFrom(randomBytes(11));
}

/** A path that the test knows to be valid. */
export function aPath(text: string): ClientPath {
  const path = parsePath(text);
  if (!path.ok) throw new Error(path.error);
  return path.value;
}

/** A name of a group that the test knows to be valid. */
export function aGroup(text: string): GroupName {
  const group = parseGroup(text);
  if (!group.ok) throw new Error(group.error);
  return group.value;
}

/** The record of a socket that is opening. Everything is empty except the given fields. */
export function aRecord(given: Partial<SocketRecord> = {}): SocketRecord {
  return {
    socket: newSocket(),
    status: 'opening',
    path: aPath('/'),
    query: '',
    user: '',
    state: '',
    origin: '',
    groups: [],
    groupsVersion: 0,
    openedAt: 1_764_000_000_000,
    acceptedAt: 0,
    leaseUntil: 0,
    attempts: 0,
    ...given,
  };
}
