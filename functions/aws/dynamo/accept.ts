import { changeGroups } from '../../gateway/group-change.ts';
import type { Clock, Lifecycle } from '../../gateway/ports.ts';
import type { Acceptance } from '../../gateway/record.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, number, text } from './attribute.ts';
import {
  type Holding,
  handshakeAttributes,
  holdingOf,
  numberIn,
  outboxOf,
  socketOf,
  statusOf,
  textIn,
} from './item.ts';
import { broadcastUserOf, rowsOf } from './member.ts';
import type { Memberships } from './memberships.ts';
import { groupsUpdate, noGroups, pauseBefore, Regrouping } from './regrouping.ts';
import type { Change, DynamoTable } from './table.ts';

/** What accepting a handshake needs. */
export interface AcceptNeeds {
  readonly table: DynamoTable;
  readonly memberships: Memberships;
  readonly clock: Pick<Clock, 'now' | 'sleep' | 'random'>;
}

/**
 * Accepts a handshake in one write, and one more for each group. The first round takes the socket to be in no group,
 * which only the HTTP API can have changed. It costs no read: if the socket is in a group, the refusal says so.
 *
 * If the app names another user, the rows of all groups are put under that user too. Those under the old user stay: a
 * broadcast to a group may have passed the place of the new one already, so it takes the socket at the old one.
 */
export async function accept(
  { table, memberships, clock }: AcceptNeeds,
  socket: SocketId,
  acceptance: Acceptance,
  to: 'open' | 'accepted',
): ReturnType<Lifecycle['accept']> {
  const regrouping = new Regrouping(memberships, socket);
  let held = noGroups;
  for (let round = 1; ; round++) {
    await pauseBefore(round, clock);
    const next = nextHolding(held, acceptance);
    if (next === undefined) {
      await regrouping.finish(held);
      return 'too_many_groups';
    }
    await regrouping.prepare(held, next);
    const accepted = await table.update(socket, acceptanceOf(acceptance, to, held, next));
    if (accepted.done) {
      await regrouping.finish(next);
      return 'done';
    }
    const item = await table.currentItem(socket, accepted);
    if (item !== undefined && statusOf(item) === 'opening') {
      if (to === 'open' && outboxOf(item).length > 0) return 'waiting';
      held = holdingOf(item);
      continue;
    }
    await regrouping.finish(item && holdingOf(item));
    if (item !== undefined && statusOf(item) === 'closing')
      await acceptLate(table, memberships, item, acceptance);
    return accepted.repeated && isAccepted(item, acceptance, to) ? 'done' : 'gone';
  }
}

/** What the record will hold. The same version if neither the groups nor the user of their rows change. */
function nextHolding(held: Holding, { user, groups: change }: Acceptance): Holding | undefined {
  const groups = changeGroups(held.groups, change);
  if (groups === undefined) return undefined;
  const isSame = groups === held.groups && (groups.length === 0 || user === held.user);
  // A socket that has left its groups may have been met by a broadcast, and may join them again.
  const groupsUser = held.groupsVersion === 0 ? user : broadcastUserOf(held);
  return {
    user,
    groups,
    groupsVersion: held.groupsVersion + (isSame ? 0 : 1),
    ...(groupsUser === user ? {} : { groupsUser }),
  };
}

/**
 * `open` only if no message waits; with `accepted`, the outbox stays for the flush. An empty user is removed, because
 * an index key can't be empty.
 */
function acceptanceOf(
  { user, state, acceptedAt }: Acceptance,
  to: 'open' | 'accepted',
  from: Holding,
  next: Holding,
): Change {
  const groups = groupsUpdate(from, next);
  const set = ['#status = :to, #acceptedAt = :at, #state = :state', ...groups.set];
  if (user !== '') set.push('#user = :user');
  if (next.groupsUser !== undefined) set.push('#groupsUser = :groupsUser');
  const removed = [...(user === '' ? ['#user'] : []), ...groups.removed];
  if (to === 'open') removed.push(handshakeAttributes, '#putId');
  return {
    update: `SET ${set.join(', ')}${removed.length === 0 ? '' : ` REMOVE ${removed.join(', ')}`}`,
    condition: `#status = :opening AND ${groups.condition}${to === 'open' ? ' AND size(#outbox) = :none' : ''}`,
    values: {
      ':to': text(to),
      ':at': number(acceptedAt),
      ':state': text(state),
      ':opening': text('opening'),
      ...(user === '' ? {} : { ':user': text(user) }),
      ...(next.groupsUser === undefined ? {} : { ':groupsUser': text(next.groupsUser) }),
      ...(to === 'open' ? { ':none': number(0) } : {}),
      ...groups.values,
    },
  };
}

function isAccepted(item: Item | undefined, { user, state, acceptedAt }: Acceptance, to: string): boolean {
  if (item === undefined || statusOf(item) !== to || numberIn(item, 'acceptedAt') !== acceptedAt)
    return false;
  return textIn(item, 'user') === user && textIn(item, 'state') === state;
}

/** The closed hook of a socket that ended while it was opening tells the app what the app said of it. */
async function acceptLate(
  table: DynamoTable,
  memberships: Memberships,
  item: Item,
  acceptance: Acceptance,
): Promise<void> {
  const socket = socketOf(item);
  const held = holdingOf(item);
  await table.update(socket, lateAcceptance(acceptance));
  if (held.user !== acceptance.user) await memberships.delete(rowsOf(socket, held));
}

/** Stores the app's decision about a socket that closed before the app had decided. */
function lateAcceptance({ user, state, acceptedAt }: Acceptance) {
  return {
    update:
      `SET #acceptedAt = :at, #state = :state${user === '' ? '' : ', #user = :user'}` +
      (user === '' ? ' REMOVE #user' : ''),
    condition: '#status = :closing AND attribute_not_exists(#acceptedAt)',
    values: {
      ':at': number(acceptedAt),
      ':state': text(state),
      ':closing': text('closing'),
      ...(user === '' ? {} : { ':user': text(user) }),
    },
  };
}
