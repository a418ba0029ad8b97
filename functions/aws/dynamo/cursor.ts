import { hashOf } from '../../gateway/hash.ts';
import type { SocketFilter } from '../../gateway/socket-filter.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';

/** Where a list goes on: in which of its parts, and after which socket; from the part's beginning without one. */
export interface Position {
  readonly part: number;
  readonly after: SocketId | undefined;
}

/** The hash of a filter, the part, the socket. A socket id has no `.`. */
const form = /^([0-9a-z]{1,7})\.([0-9]{1,2})\.([^.]*)$/;

/**
 * Writes a position as a caller may have it: opaque, and bound to the filter of its list. It holds no key of the
 * table or an index: what it says is a place in the caller's own list, and never where to read.
 */
export function cursorOf(filter: SocketFilter, { part, after }: Position): string {
  return Buffer.from(`${filterHash(filter)}.${part}.${after ?? ''}`).toString('base64url');
}

/** Reads a cursor; undefined for one that is not of this list or was never written here. */
export function positionOf(filter: SocketFilter, parts: number, cursor: string): Position | undefined {
  if (cursor.length > 256) return undefined;
  const [, hash, part = '', socket = ''] = form.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const after = socket === '' ? undefined : parseSocketId(socket);
  const position = { part: Number(part), after };
  if (hash !== filterHash(filter) || position.part >= parts) return undefined;
  return cursorOf(filter, position) === cursor ? position : undefined;
}

function filterHash({ path, user }: SocketFilter): string {
  return hashOf(JSON.stringify([path ?? null, user ?? null])).toString(36);
}
