import { hashOf } from '../../gateway/hash.ts';
import type { SocketFilter } from '../../gateway/socket-filter.ts';
import type { GroupName } from '../../wire/group.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import { isPlaceOfMember } from './member.ts';

/** Where a list continues: in which part, and after which socket. Without a socket, at the start of the part. */
export interface Position {
  readonly part: number;
  readonly after: SocketId | undefined;
}

/** The hash of the filter, the part and the socket. A socket id contains no `.`. */
const form = /^([0-9a-z]{1,7})\.([0-9]{1,2})\.([^.]*)$/;

/**
 * Writes a position as an opaque cursor for a caller. It is bound to the filter of its list. It holds no key of the
 * table or of an index: it can only name a place in the caller's own list, never choose what to read.
 */
export function cursorOf(filter: SocketFilter, { part, after }: Position): string {
  return Buffer.from(`${filterHash(filter)}.${part}.${after ?? ''}`).toString('base64url');
}

/** Reads a cursor. Undefined if it belongs to another list or was not written here. */
export function positionOf(filter: SocketFilter, parts: number, cursor: string): Position | undefined {
  if (cursor.length > 256) return undefined;
  const [, hash, part = '', socket = ''] = form.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const after = socket === '' ? undefined : parseSocketId(socket);
  const position = { part: Number(part), after };
  if (hash !== filterHash(filter) || position.part >= parts) return undefined;
  return cursorOf(filter, position) === cursor ? position : undefined;
}

/** A list of a group: its sockets, or its users. */
export type GroupList = (SocketFilter & { readonly group: GroupName }) | { readonly usersOf: GroupName };

/** The hash of the list, and a place in a group. */
const groupForm = /^([0-9a-z]{1,7})\.(.+)$/s;

/** Writes a place in a group as an opaque cursor, which is bound to its list. */
export function groupCursorOf(list: GroupList, place: string): string {
  return Buffer.from(`${groupListHash(list)}.${place}`).toString('base64url');
}

/** Reads a cursor of a list of a group. Undefined if it belongs to another list or was not written here. */
export function placeOf(list: GroupList, cursor: string): string | undefined {
  if (cursor.length > 1_024) return undefined;
  const [, , place = ''] = groupForm.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return isPlaceOfMember(place) && groupCursorOf(list, place) === cursor ? place : undefined;
}

function groupListHash(list: GroupList): string {
  const { path, user, group, usersOf }: SocketFilter & { usersOf?: GroupName } = list;
  return hashOf(JSON.stringify([path ?? null, user ?? null, group ?? null, usersOf ?? null])).toString(36);
}

function filterHash({ path, user }: SocketFilter): string {
  return hashOf(JSON.stringify([path ?? null, user ?? null])).toString(36);
}
