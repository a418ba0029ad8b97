import { hashOf } from '../gateway/hash.ts';
import type { SocketFilter } from '../gateway/socket-filter.ts';
import type { GroupName } from '../wire/group.ts';

/** A list: of sockets, or of the users of a group. */
export type List = SocketFilter | { readonly usersOf: GroupName };

/** The hash of the list, and a place in it. */
const form = /^([0-9a-z]{1,7})\.(.+)$/s;

/** Writes a place in a list as an opaque cursor, which is bound to the list. */
export function cursorOf(list: List, place: string): string {
  return Buffer.from(`${hashOfList(list)}.${place}`).toString('base64url');
}

/** Reads a cursor. Undefined if it belongs to another list or was not written here. */
export function afterIn(list: List, cursor: string): string | undefined {
  if (cursor.length > 1_024) return undefined;
  const [, , place = ''] = form.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return cursorOf(list, place) === cursor ? place : undefined;
}

/** The sequence number after which a list of sockets goes on; 0 without a cursor. */
export function sequenceIn(list: List, cursor: string | undefined): number | undefined {
  const after = cursor === undefined ? '0' : afterIn(list, cursor);
  return after !== undefined && /^[0-9a-z]{1,10}$/.test(after) ? Number.parseInt(after, 36) : undefined;
}

function hashOfList(list: List): string {
  const { path, user, group, usersOf }: SocketFilter & { usersOf?: GroupName } = list;
  return hashOf(JSON.stringify([path ?? null, user ?? null, group ?? null, usersOf ?? null])).toString(36);
}
