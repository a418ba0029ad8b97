import type {
  Clock,
  Directory,
  RecordPage,
  SegmentPage,
  SocketPage,
  Stretch,
  UserPage,
} from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { matches, type SocketFilter } from '../../gateway/socket-filter.ts';
import type { GroupName } from '../../wire/group.ts';
import { groupCursorOf, placeOf } from './cursor.ts';
import type { StoredRecord } from './item.ts';
import { broadcastUserOf, endOfUser, hasRow, isPlaceOfMember, parseMember, userPrefixOf } from './member.ts';
import { type MemberRow, queryMembers } from './member-rows.ts';
import { ahead, chunked, merged } from './parallel.ts';
import {
  batchesAtOnce,
  batchSize,
  type ReadPage,
  type ReadTable,
  readEach,
  readsPerPage,
  type Start,
} from './read.ts';
import { placed, segmentPages } from './segments.ts';
import type { UnusedRows } from './unused-rows.ts';

/** The most reads for one user. */
const readsPerUser = 100;

/** A filter with a group. */
export type GroupFilter = SocketFilter & { readonly group: GroupName };

/** A row whose record has the group. */
interface Member {
  readonly row: MemberRow;
  readonly record: StoredRecord;
}

/**
 * The members of groups. A row of the table of groups tells where to look, and the record, which is read consistently
 * after it, decides. Both reads are consistent, so a socket that has joined is found at once.
 *
 * A socket that was given another user after it had joined a group has two rows. Those who look for a user take the one
 * under the user that it has now, all others the one that never moves. So each reader decides by a row and its record
 * alone whether to take a socket, also one that goes on where another stopped.
 */
export class GroupDirectory implements Pick<Directory, 'listUsers'> {
  readonly #sockets: ReadTable;
  readonly #groups: ReadTable;
  readonly #unused: UnusedRows;
  readonly #clock: Clock;

  constructor(sockets: ReadTable, groups: ReadTable, unused: UnusedRows, clock: Clock) {
    this.#sockets = sockets;
    this.#groups = groups;
    this.#unused = unused;
    this.#clock = clock;
  }

  async *pages(filter: GroupFilter, start: Start): AsyncGenerator<RecordPage> {
    const isWanted = matches(filter);
    for await (const { members, last } of this.#found(filter, start)) {
      const records = members.map(({ record }) => record);
      yield { records: records.filter(isWanted), next: positionOf(last) };
    }
    await this.#unused.settled();
  }

  /** The whole group is one segment. */
  segment(filter: GroupFilter, { from, to, limit }: Stretch): AsyncIterable<SegmentPage> {
    return segmentPages(this.#stretch(filter, from, to), limit);
  }

  async *#stretch(filter: GroupFilter, from: string | undefined, to: string | undefined) {
    const isWanted = matches(filter);
    const end = to === undefined ? undefined : Buffer.from(placeFrom(to));
    const isInRange = ({ row }: Member): boolean =>
      end === undefined || Buffer.compare(Buffer.from(row.member), end) <= 0;
    for await (const { members, last } of this.#found(filter, { from })) {
      const inRange = members.filter(isInRange);
      yield inRange
        .filter(({ record }) => isWanted(record))
        .map(({ record, row }) => placed(record, positionOf(row.member)));
      if (end !== undefined && Buffer.compare(Buffer.from(last), end) >= 0) break;
    }
    await this.#unused.settled();
  }

  async *#found(filter: GroupFilter, { from, limit }: Start) {
    const prefix = prefixOf(filter);
    const rows = rowsFrom(from === undefined ? undefined : placeFrom(from), (after) =>
      queryMembers(this.#groups, filter.group, { after, prefix, limit }),
    );
    const found = ahead(chunked(merged([rows]), batchSize), batchesAtOnce, async (chunk) => ({
      members: await this.#members(chunk, filter.ended),
      last: chunk.at(-1)?.member ?? '',
    }));
    const isPlace = placeIn(filter);
    for await (const { members, last } of found) yield { members: members.filter(isPlace), last };
  }

  async list(
    filter: GroupFilter,
    limit: number,
    cursor: string | undefined,
  ): Promise<SocketPage | undefined> {
    const prefix = prefixOf(filter);
    let after = cursor === undefined ? undefined : placeOf(filter, cursor);
    if (cursor !== undefined && after === undefined) return undefined;
    const isWanted = matches(filter);
    const isPlace = placeIn(filter);
    const sockets: SocketRecord[] = [];
    for (let reads = 0; ; reads++) {
      if (after !== undefined && (sockets.length >= limit || reads === readsPerPage))
        return { sockets, cursor: groupCursorOf(filter, after) };
      const stretch = { after, prefix, limit: Math.min(limit - sockets.length, batchSize) };
      const { values, last } = await queryMembers(this.#groups, filter.group, stretch);
      const members = await this.#members(values);
      sockets.push(
        ...members
          .filter(isPlace)
          .map(({ record }) => record)
          .filter(isWanted),
      );
      if (last === undefined) break;
      after = last;
    }
    await this.#unused.settled();
    return { sockets };
  }

  /**
   * The rows of a user stand together, so a user is counted when the next one comes. A user that has been begun is
   * finished, up to 10,000 rows.
   */
  async listUsers(group: GroupName, limit: number, cursor?: string): Promise<UserPage | undefined> {
    const list = { usersOf: group };
    let after = cursor === undefined ? undefined : placeOf(list, cursor);
    if (cursor !== undefined && after === undefined) return undefined;
    const counts = new Map<string, number>();
    const upTo = (place: string): UserPage => ({
      users: [...counts].slice(0, limit).map(([user, sockets]) => ({ user, sockets })),
      cursor: groupCursorOf(list, place),
    });
    for (let reads = 1; ; reads++) {
      const { values, last } = await queryMembers(this.#groups, group, { after, limit: batchSize });
      const members = await this.#members(values.filter(({ user }) => user !== ''));
      for (const { row } of members.filter(isUnderItsUser))
        counts.set(row.user, (counts.get(row.user) ?? 0) + 1);
      const beyond = [...counts.keys()].slice(limit - 1, limit + 1);
      if (beyond.length > 1) return upTo(endOfUser(beyond[0] ?? ''));
      if (last === undefined) break;
      const { user = '' } = parseMember(last) ?? {};
      const isBegun = counts.has(user);
      if (reads >= readsPerPage && !isBegun) return upTo(last);
      const before = [...counts.keys()].at(-2);
      if (reads >= readsPerPage && before !== undefined) {
        // The next page begins with this user, whose rows may go on.
        counts.delete(user);
        return upTo(endOfUser(before));
      }
      if (reads >= readsPerUser) return upTo(endOfUser(user));
      after = last;
    }
    await this.#unused.settled();
    return { users: [...counts].map(([user, sockets]) => ({ user, sockets })) };
  }

  /**
   * The rows whose records confirm them, and are not closing unless those that have `ended` are wanted too. A row that its
   * record does not need is deleted.
   */
  async #members(rows: readonly MemberRow[], ended = false): Promise<Member[]> {
    if (rows.length === 0) return [];
    const sockets = [...new Set(rows.map(({ socket }) => socket))];
    const records = await readEach(this.#sockets, this.#clock, sockets);
    return rows.flatMap((row) => {
      const record = records.get(row.socket);
      if (!records.has(row.socket)) this.#unused.delete(row, row.version);
      if (record === undefined) return [];
      if (isUnused(row, record)) this.#unused.delete(row, record.groupsVersion);
      const isWanted = (ended || record.status !== 'closing') && record.groups.includes(row.group);
      return isWanted ? [{ row, record }] : [];
    });
  }
}

/** A row with a higher version than its record belongs to a join in progress. */
function isUnused(row: MemberRow, record: StoredRecord): boolean {
  return row.version <= record.groupsVersion && !hasRow(record, row);
}

/** Which one of a socket's rows in a group counts for a filter. */
function placeIn(filter: GroupFilter): (member: Member) => boolean {
  return prefixOf(filter) === undefined ? isWhereBroadcastsLook : isUnderItsUser;
}

function isWhereBroadcastsLook({ row, record }: Member): boolean {
  return row.user === broadcastUserOf(record);
}

function isUnderItsUser({ row, record }: Member): boolean {
  return row.user === record.user;
}

/** A user's rows stand together. Sockets without a user do not. */
function prefixOf({ user = '' }: GroupFilter): string | undefined {
  return user === '' ? undefined : userPrefixOf(user);
}

async function* rowsFrom(
  start: string | undefined,
  read: (after: string | undefined) => Promise<ReadPage<MemberRow, string>>,
): AsyncGenerator<MemberRow[]> {
  let after = start;
  do {
    const page = await read(after);
    after = page.last;
    yield page.values;
  } while (after !== undefined);
}

/** A place as a page says it. */
function positionOf(place: string): string {
  return Buffer.from(place).toString('base64url');
}

/** Where a broadcast stopped, as its page said. Throws if no page said so. */
function placeFrom(from: string): string {
  const place = Buffer.from(from, 'base64url').toString();
  if (!isPlaceOfMember(place)) throw new Error('This is not where a broadcast to a group stopped.');
  return place;
}
