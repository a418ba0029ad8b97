import type { Clock } from '../../gateway/ports.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, number, text, texts } from './attribute.ts';
import type { Holding } from './item.ts';
import { hasRow, type Membership, rowsOf } from './member.ts';
import type { Memberships } from './memberships.ts';

/** The holding of a new record. */
export const noGroups: Holding = { user: '', groups: [], groupsVersion: 0 };

/** How often a change of groups starts again, since another call has changed them in between. */
const maxRounds = 32;
/** The longest pauses before that, in milliseconds. The second round needs none: it knows what the record holds. */
const pausesMs = { first: 10, longest: 200 };

/**
 * One change of a socket's groups, in one or more rounds. Each group of a living record has its rows, at all times: a
 * round puts the rows of a new version, then the caller writes the record if it still has the old version, and in the
 * end the rows that the record does not have are deleted.
 */
export class Regrouping {
  readonly #memberships: Memberships;
  readonly #socket: SocketId;
  /** Every row that a round put, or that its record no longer needs, with the version of the last such round. */
  readonly #touched = new Map<string, Membership & { readonly version: number }>();

  constructor(memberships: Memberships, socket: SocketId) {
    this.#memberships = memberships;
    this.#socket = socket;
  }

  /** Puts the rows that the next record needs and the present one does not have. */
  async prepare(from: Holding, to: Holding): Promise<void> {
    const joined = rowsOf(this.#socket, to).filter((row) => !hasRow(from, row));
    const left = rowsOf(this.#socket, from).filter((row) => !hasRow(to, row));
    for (const row of [...joined, ...left]) this.#touch(row, to.groupsVersion);
    await this.#memberships.put(joined, to.groupsVersion);
  }

  /** Deletes the rows that this change touched and that the record does not have. Without a record, all of them. */
  async finish(record: Holding | undefined): Promise<void> {
    const unused = [...this.#touched.values()].filter((row) => record === undefined || !hasRow(record, row));
    await this.#memberships.delete(
      unused.map(({ version, ...row }) => ({
        ...row,
        upTo: Math.max(version, record?.groupsVersion ?? 0),
      })),
    );
  }

  #touch(row: Membership, version: number): void {
    this.#touched.set(JSON.stringify([row.group, row.user]), { ...row, version });
  }
}

/** The parts of an update that write a changed list of groups, if no other call has changed it. */
export function groupsUpdate(from: Holding, to: Holding) {
  const isChanged = from.groupsVersion !== to.groupsVersion;
  const isEmpty = to.groups.length === 0;
  const values: Item = {
    ...(from.groupsVersion === 0 ? {} : { ':version': number(from.groupsVersion) }),
    ...(isChanged ? { ':nextVersion': number(to.groupsVersion) } : {}),
    ...(isChanged && !isEmpty ? { ':groups': texts(to.groups) } : {}),
  };
  return {
    set: isChanged ? ['#groupsVersion = :nextVersion', ...(isEmpty ? [] : ['#groups = :groups'])] : [],
    removed: isChanged && isEmpty ? ['#groups'] : [],
    condition:
      from.groupsVersion === 0 ? 'attribute_not_exists(#groupsVersion)' : '#groupsVersion = :version',
    values,
  };
}

/** The condition that a record still has the users under whom its rows stand. */
export function usersCondition({ user, groupsUser }: Holding) {
  const values: Item = {
    ...(user === '' ? {} : { ':user': text(user) }),
    ...(groupsUser === undefined ? {} : { ':groupsUser': text(groupsUser) }),
  };
  const isUser = user === '' ? 'attribute_not_exists(#user)' : '#user = :user';
  const isGroupsUser =
    groupsUser === undefined ? 'attribute_not_exists(#groupsUser)' : '#groupsUser = :groupsUser';
  return { condition: `${isUser} AND ${isGroupsUser}`, values };
}

/** Pauses before a round, so that calls that change one record get out of each other's way. Throws after too many. */
export async function pauseBefore(round: number, clock: Pick<Clock, 'sleep' | 'random'>): Promise<void> {
  if (round > maxRounds) throw new Error('Too many calls change the groups of one socket.');
  if (round > 2) await clock.sleep(fullJitter(backoff(round - 2, pausesMs), clock.random()));
}
