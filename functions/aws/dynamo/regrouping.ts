import type { Clock } from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { GroupName } from '../../wire/group.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, number, text, texts } from './attribute.ts';
import type { Membership } from './member.ts';
import type { Memberships } from './memberships.ts';

/** What a record says of its socket's groups. */
export type Holding = Pick<SocketRecord, 'user' | 'groups' | 'groupsVersion'>;

/** The holding of a new record. */
export const noGroups: Holding = { user: '', groups: [], groupsVersion: 0 };

/** How often a change of groups starts again, since another call has changed them in between. */
const maxRounds = 32;
/** The longest pauses before that, in milliseconds. The second round needs none: it knows what the record holds. */
const pausesMs = { first: 10, longest: 200 };

/**
 * One change of a socket's groups, in one or more rounds. Each group of a living record has a row, at all times: a round
 * puts the rows of a new version, then the caller writes the record if it still has the old version, and in the end the
 * rows that the record does not have are deleted.
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
    const joined = to.groups.filter((group) => !holds(from, group, to.user));
    const left = from.groups.filter((group) => !to.groups.includes(group));
    const put = joined.map((group) => this.#touch(group, to.user, to.groupsVersion));
    for (const group of left) this.#touch(group, from.user, to.groupsVersion);
    await this.#memberships.put(put, to.groupsVersion);
  }

  /** Deletes the rows that this change touched and that the record does not have. Without a record, all of them. */
  async finish(record: Holding | undefined): Promise<void> {
    const unused = [...this.#touched.values()].filter(
      ({ group, user }) => record === undefined || !holds(record, group, user),
    );
    await this.#memberships.delete(
      unused.map(({ version, ...row }) => ({
        ...row,
        upTo: Math.max(version, record?.groupsVersion ?? 0),
      })),
    );
  }

  #touch(group: GroupName, user: string, version: number): Membership {
    const membership = { group, user, socket: this.#socket };
    this.#touched.set(JSON.stringify([group, user]), { ...membership, version });
    return membership;
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

/** The condition that a record still has a user, under whom its rows stand. */
export function userCondition({ user }: Holding): { readonly condition: string; readonly values: Item } {
  if (user === '') return { condition: 'attribute_not_exists(#user)', values: {} };
  return { condition: '#user = :user', values: { ':user': text(user) } };
}

/** Pauses before a round, so that calls that change one record get out of each other's way. Throws after too many. */
export async function pauseBefore(round: number, clock: Pick<Clock, 'sleep' | 'random'>): Promise<void> {
  if (round > maxRounds) throw new Error('Too many calls change the groups of one socket.');
  if (round > 2) await clock.sleep(fullJitter(backoff(round - 2, pausesMs), clock.random()));
}

function holds(record: Holding, group: GroupName, user: string): boolean {
  return record.user === user && record.groups.includes(group);
}
