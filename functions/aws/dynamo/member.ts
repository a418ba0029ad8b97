import { hashOf } from '../../gateway/hash.ts';
import type { GroupName } from '../../wire/group.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import type { Holding } from './item.ts';

/** A socket in a group, and the user under whom its row stands. Empty if it has none. */
export interface Membership {
  readonly group: GroupName;
  readonly user: string;
  readonly socket: SocketId;
}

/** The rows that a record needs: one for each group, or two if its socket got another user after it had joined one. */
export function rowsOf(socket: SocketId, record: Holding): Membership[] {
  const users = new Set([broadcastUserOf(record), record.user]);
  return record.groups.flatMap((group) => [...users].map((user) => ({ group, user, socket })));
}

/** Whether a record needs a row of its socket. */
export function hasRow(record: Holding, { group, user }: Pick<Membership, 'group' | 'user'>): boolean {
  return (user === record.user || user === broadcastUserOf(record)) && record.groups.includes(group);
}

/** The user under whom a broadcast to a group takes a socket. It never changes once the socket has joined a group. */
export function broadcastUserOf({ user, groupsUser }: Holding): string {
  return groupsUser ?? user;
}

/** Neither a user nor a socket id holds a control character. */
const separator = '\t';
/** After every socket id of a user, since those are ASCII. */
const afterAllSockets = '~';
const form = /^([0-9a-f]{8})\t([^\t]*)\t([^\t]+)$/;

/**
 * The sort key of a row: a hash of the user, then the user, then the socket. The sockets of a user stand together, and
 * the keys of a large group are spread evenly. Sockets without a user are spread by themselves.
 */
export function memberOf({ user, socket }: Pick<Membership, 'user' | 'socket'>): string {
  return `${prefixOf(user, socket)}${socket}`;
}

/** What the keys of all sockets of a user begin with. */
export function userPrefixOf(user: string): string {
  return prefixOf(user, '');
}

/** A key behind those of all sockets of a user, and before those of the next. */
export function endOfUser(user: string): string {
  return `${prefixOf(user, '')}${afterAllSockets}`;
}

/** Reads a sort key. Undefined if it was not written here. */
export function parseMember(member: string): Pick<Membership, 'user' | 'socket'> | undefined {
  const [, , user = '', id = ''] = form.exec(member) ?? [];
  const socket = parseSocketId(id);
  return socket !== undefined && memberOf({ user, socket }) === member ? { user, socket } : undefined;
}

/** Whether a list may continue after a text: a key, or the end of a user. */
export function isPlaceOfMember(text: string): boolean {
  const [, , user = ''] = form.exec(text) ?? [];
  return parseMember(text) !== undefined || text === endOfUser(user);
}

function prefixOf(user: string, socket: string): string {
  const hash = hashOf(user === '' ? socket : user);
  return [hash.toString(16).padStart(8, '0'), user, ''].join(separator);
}
