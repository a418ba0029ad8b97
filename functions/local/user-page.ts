import type { UserPage } from '../gateway/ports.ts';
import type { SocketRecord } from '../gateway/record.ts';
import type { GroupName } from '../wire/group.ts';
import { afterIn, cursorOf } from './list-cursor.ts';

/** A socket in a group. */
interface Member {
  readonly record: SocketRecord;
}

/** How many members are looked at before other work gets its turn. */
const membersAtOnce = 2_000;

/**
 * One page of the users of a group, in the order of their names. Nobody may join or leave the given members meanwhile.
 * The cursor has the last name. Undefined if it is none of this list.
 */
export async function userPage(
  group: GroupName,
  members: Iterable<Member>,
  limit: number,
  cursor?: string,
): Promise<UserPage | undefined> {
  const list = { usersOf: group };
  const after = cursor === undefined ? '' : afterIn(list, cursor);
  if (after === undefined) return undefined;
  // One more than a page holds says that there are more.
  const found = await firstUsers(members, after, limit + 1);
  const users = found.slice(0, limit);
  const last = users.at(-1);
  return found.length <= limit || last === undefined
    ? { users }
    : { users, cursor: cursorOf(list, last.user) };
}

/**
 * The first `count` users whose names follow `after`, in order, and the number of sockets of each. It keeps no more than
 * these: to sort all users of a large group for each page would hold up everything else.
 */
async function firstUsers(
  members: Iterable<Member>,
  after: string,
  count: number,
): Promise<UserPage['users']> {
  const names: string[] = [];
  const sockets = new Map<string, number>();
  let looked = 0;
  for (const { record } of members) {
    looked += 1;
    if (looked % membersAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
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
