import type { UserPage } from '../gateway/ports.ts';
import type { SocketRecord } from '../gateway/record.ts';
import { parseUser } from '../wire/user.ts';

/** A socket in a group. */
interface Member {
  readonly record: SocketRecord;
}

/**
 * One page of the users of the members of a group, in the order of their names. The cursor is the last name, written in
 * base64url. Undefined if it is not one.
 */
export function userPage(members: Iterable<Member>, limit: number, cursor?: string): UserPage | undefined {
  const after = cursor === undefined ? '' : nameIn(cursor);
  if (after === undefined) return undefined;
  // One more than a page holds says that there are more.
  const found = firstUsers(members, after, limit + 1);
  const users = found.slice(0, limit);
  const last = users.at(-1);
  return found.length <= limit || last === undefined ? { users } : { users, cursor: cursorOf(last.user) };
}

/**
 * The first `count` users whose names follow `after`, in order, and the number of sockets of each. It keeps no more than
 * these: to sort all users of a large group for each page would hold up everything else.
 */
function firstUsers(members: Iterable<Member>, after: string, count: number): UserPage['users'] {
  const names: string[] = [];
  const sockets = new Map<string, number>();
  for (const { record } of members) {
    const { user } = record;
    if (user <= after) continue;
    const known = sockets.get(user);
    if (known === undefined && names.length === count && user > (names.at(-1) ?? '')) continue;
    sockets.set(user, (known ?? 0) + 1);
    if (known !== undefined) continue;
    names.splice(placeOf(user, names), 0, user);
    if (names.length > count) sockets.delete(names.pop() ?? '');
  }
  return names.map((user) => ({ user, sockets: sockets.get(user) ?? 0 }));
}

/** Where a name belongs in a sorted list. */
function placeOf(name: string, names: readonly string[]): number {
  let low = 0;
  for (let high = names.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function cursorOf(user: string): string {
  return Buffer.from(user).toString('base64url');
}

function nameIn(cursor: string): string | undefined {
  const user = parseUser(Buffer.from(cursor, 'base64url').toString());
  return user.ok && user.value !== '' && cursorOf(user.value) === cursor ? user.value : undefined;
}
