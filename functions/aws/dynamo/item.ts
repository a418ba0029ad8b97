import type { Recipient, SocketEnd, SocketRecord, SocketStatus } from '../../gateway/record.ts';
import { type GroupName, parseGroup } from '../../wire/group.ts';
import { normalisePath, parsePath } from '../../wire/path.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import { type Attribute, type Item, number, text, texts } from './attribute.ts';
import { pathShardOf } from './shard.ts';

const dayS = 86_400;
const statuses: ReadonlySet<string> = new Set<SocketStatus>(['opening', 'accepted', 'open', 'closing']);

/** The attributes of a handshake: a socket loses them when it is open or closing. */
export const handshakeAttributes = '#outbox, #outboxBytes, #taken, #appendIds';

/** The item of a new socket. It has an outbox until the socket is open or closing. */
export function openingItem(record: SocketRecord): Item {
  const { socket, status, path, query, user, state, origin, openedAt } = record;
  return {
    socket: text(socket),
    status: text(status),
    path: text(path),
    openedAt: number(openedAt),
    ...filled({ query, user, state, origin }),
    pathShard: text(pathShardOf(normalisePath(path), socket)),
    expires: expiresAfter(openedAt, 7),
    outbox: texts([]),
    outboxBytes: number(0),
    taken: number(0),
  };
}

/** When DynamoDB may delete an item that nobody has removed. DynamoDB time to live: seconds since 1970. */
export function expiresAfter(time: number, days: number): Attribute {
  return number(Math.ceil(time / 1_000) + days * dayS);
}

/** A record as it is stored. */
export interface StoredRecord extends SocketRecord {
  /**
   * The user that its socket had when it first joined a group, if the app has named another since. Its rows under this
   * user stay for its whole life, so that a broadcast to a group, which may stop and go on later, meets it in one place.
   */
  readonly groupsUser?: string;
}

/** What a record says of its socket's groups. */
export type Holding = Pick<StoredRecord, 'user' | 'groups' | 'groupsVersion' | 'groupsUser'>;

/** Reads a record. Throws if the item is not a record, which only another writer of the table can cause. */
export function recordOf(item: Item): StoredRecord {
  const status = statusOf(item);
  const path = parsePath(textIn(item, 'path'));
  if (status === undefined || !path.ok) throw new Error(`The table has an item that is no socket's record.`);
  return {
    socket: socketOf(item),
    status,
    path: path.value,
    query: textIn(item, 'query'),
    state: textIn(item, 'state'),
    origin: textIn(item, 'origin'),
    ...holdingOf(item),
    openedAt: numberIn(item, 'openedAt'),
    acceptedAt: numberIn(item, 'acceptedAt'),
    leaseUntil: numberIn(item, 'leaseUntil'),
    attempts: numberIn(item, 'attempts'),
    ...(status === 'closing' ? { end: endOf(item) } : {}),
  };
}

/** Reads no more of a record than a message to its socket needs. Throws if the item is not a record. */
export function recipientOf(item: Item): Recipient {
  const status = statusOf(item);
  if (status === undefined) throw new Error(`The table has an item that is no socket's record.`);
  return { socket: socketOf(item), status, acceptedAt: numberIn(item, 'acceptedAt') };
}

/** The socket of an item or of an index key. Throws if there is no socket id in it. */
export function socketOf(item: Item): SocketId {
  const socket = parseSocketId(textIn(item, 'socket'));
  if (socket === undefined) throw new Error('The table has an item without a socket id.');
  return socket;
}

/** The status of an item. Undefined if there is no item, or it has no status that we know. */
export function statusOf(item: Item | undefined): SocketStatus | undefined {
  const status = item?.['status']?.S;
  return isStatus(status) ? status : undefined;
}

/** How a socket ended. */
function endOf(item: Item): SocketEnd {
  return { code: numberIn(item, 'code'), reason: textIn(item, 'reason'), time: numberIn(item, 'endedAt') };
}

/** The waiting messages, oldest first. */
export function outboxOf(item: Item | undefined): string[] {
  return (item?.['outbox']?.L ?? []).map(({ S }) => S);
}

/** The groups of an item. No groups and version 0 if it is older than groups. */
export function holdingOf(item: Item): Holding {
  const groupsUser = item['groupsUser']?.S;
  return {
    user: textIn(item, 'user'),
    groups: groupsIn(item),
    groupsVersion: numberIn(item, 'groupsVersion'),
    ...(groupsUser === undefined ? {} : { groupsUser }),
  };
}

/** The groups of an item; none if it is older than groups. */
export function groupsIn(item: Item): GroupName[] {
  return (item['groups']?.L ?? []).flatMap(({ S }) => {
    const group = parseGroup(S);
    return group.ok ? [group.value] : [];
  });
}

/** A text of an item. Empty if the item does not have it. */
export function textIn(item: Item, name: string): string {
  return item[name]?.S ?? '';
}

/** A number of an item. 0 if the item does not have it. */
export function numberIn(item: Item, name: string): number {
  return Number(item[name]?.N ?? 0);
}

/** Leaves out empty texts. DynamoDB refuses an empty index key, and any other empty text costs bytes for nothing. */
export function filled(values: Readonly<Record<string, string>>): Item {
  const named = Object.entries(values).filter(([, value]) => value !== '');
  return Object.fromEntries(named.map(([name, value]) => [name, text(value)]));
}

function isStatus(status: string | undefined): status is SocketStatus {
  return status !== undefined && statuses.has(status);
}
