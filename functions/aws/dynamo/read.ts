import type { Clock, Log } from '../../gateway/ports.ts';
import type { Recipient, SocketRecord } from '../../gateway/record.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { JsonDialect } from '../client/json-protocol.ts';
import { type Item, itemFrom, text } from './attribute.ts';
import type { Dynamo } from './calls.ts';
import { recipientOf, recordOf, type StoredRecord, socketOf, textIn } from './item.ts';
import { keyOf, namesIn } from './table.ts';
import type { TableIndex } from './table-schema.ts';

/** DynamoDB: one BatchGetItem reads at most 100 items. */
export const batchSize = 100;

/** How many BatchGetItem calls a broadcast makes at a time. */
export const batchesAtOnce = 4;

/** The most reads for one page of a list, so that it ends even if nearly all sockets are closing. */
export const readsPerPage = 24;

/** How often items that DynamoDB left unread are asked for again. */
const maxRepeats = 12;

/** The longest pauses before that, in milliseconds. */
const pausesMs = { first: 50, longest: 3_000 };

/** How long a read of many items may take with all its attempts, in milliseconds: far less than any function has. */
const maxMs = 8_000;

/** The limits of calls that read many items: a megabyte takes longer than one item. */
export const readDialect: JsonDialect = {
  target: 'DynamoDB_20120810',
  version: '1.0',
  attempts: 6,
  maxMs,
  maxMsOfAttempt: 4_000,
};

/** A table, for calls that read many items. */
export interface ReadTable {
  readonly dynamo: Dynamo;
  readonly name: string;
  /** Warns of items that can't be read. */
  readonly log: Pick<Log, 'warnOnce'>;
}

/** One page of results, and the last key that DynamoDB looked at, if there may be more. */
export interface ReadPage<Value, Key = SocketId> {
  readonly values: Value[];
  readonly last: Key | undefined;
}

/** Which part of the table to read, the socket to continue after, and the most items to look at. */
export interface Stretch {
  readonly segment?: { readonly Segment: number; readonly TotalSegments: number };
  readonly after: SocketId | undefined;
  readonly limit?: number | undefined;
  /** Whether to include closing records. The read is then eventually consistent, at half the price. */
  readonly isSurvey?: boolean;
}

/** Where a search begins, and the most items of one page, if there is such a limit. */
export interface Start {
  readonly from: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * Scans the table for sockets that are not closing; a survey returns those too. DynamoDB: a page ends at 1 MB or at
 * `limit`, counted before the filter, so an empty page need not be the last. The scan is consistent unless it is a
 * survey: it finds every socket that was put before it began.
 */
export async function scan(
  table: ReadTable,
  stretch: Stretch,
  by: (item: Item) => SocketRecord = recordOf,
): Promise<ReadPage<SocketRecord>> {
  const scanned = await scanBy(
    table,
    stretch,
    stretch.isSurvey === true ? { ConsistentRead: false } : living,
  );
  return pageOf(table, scanned, by);
}

/**
 * The recipients that a Scan of such records finds. They leave out the rest of the records, such as an outbox of
 * 256 KiB: a coordinator of a broadcast keeps thousands.
 */
export async function scanRecipients(table: ReadTable, stretch: Stretch): Promise<ReadPage<Recipient>> {
  const fields = '#socket, #status, #acceptedAt';
  const scanned = await scanBy(table, stretch, { ...living, ...projection(fields) });
  return pageOf(table, scanned, recipientOf);
}

/** The sockets of records of any status, in the order of a Scan. The read is consistent. */
export async function scanSockets(table: ReadTable, stretch: Stretch): Promise<ReadPage<SocketId>> {
  return pageOf(table, await scanBy(table, stretch, projection('#socket')), socketOf);
}

function scanBy(
  { dynamo, name }: ReadTable,
  { segment, after, limit }: Stretch,
  more: object,
): Promise<unknown> {
  return dynamo.run('Scan', {
    TableName: name,
    ConsistentRead: true,
    ...segment,
    ...(after === undefined ? {} : { ExclusiveStartKey: keyOf(after) }),
    ...(limit === undefined ? {} : { Limit: limit }),
    ...more,
  });
}

function projection(fields: string): object {
  return { ProjectionExpression: fields, ExpressionAttributeNames: namesIn(fields) };
}

const living = {
  FilterExpression: '#status <> :closing',
  ExpressionAttributeNames: namesIn('#status'),
  ExpressionAttributeValues: { ':closing': text('closing') },
};

/**
 * The sockets under one key of an index, in order. DynamoDB: an index is always eventually consistent, and a page of it
 * ends at 1 MB or at `limit`. A condition says where to continue, so that a cursor holds no index key.
 */
export async function query(
  table: ReadTable,
  { name, partitionKey, sortKey }: TableIndex,
  key: string,
  { after, limit }: Stretch,
): Promise<ReadPage<SocketId>> {
  const from = after === undefined ? '' : ` AND #${sortKey} > :after`;
  const found = await table.dynamo.run('Query', {
    TableName: table.name,
    IndexName: name,
    ProjectionExpression: `#${sortKey}`,
    KeyConditionExpression: `#${partitionKey} = :key${from}`,
    ExpressionAttributeNames: namesIn(`#${partitionKey} #${sortKey}`),
    ExpressionAttributeValues: {
      ':key': text(key),
      ...(after === undefined ? {} : { ':after': text(after) }),
    },
    ...(limit === undefined ? {} : { Limit: limit }),
  });
  return pageOf(table, found, socketOf);
}

/**
 * The records of at most 100 sockets, in the order of the sockets, without those that are gone. Throws if some are still
 * unread in the end.
 */
export async function readAll(
  table: ReadTable,
  clock: Clock,
  sockets: readonly SocketId[],
): Promise<SocketRecord[]> {
  const records = await readEach(table, clock, sockets);
  return sockets.flatMap((socket) => records.get(socket) ?? []);
}

/**
 * The records of at most 100 different sockets, without those that are gone. One that can't be read is undefined.
 * DynamoDB leaves keys unread when it throttles, and after 16 MB. Those are read again after a pause with jitter.
 */
export async function readEach(
  table: ReadTable,
  clock: Clock,
  sockets: readonly SocketId[],
): Promise<ReadonlyMap<string, StoredRecord | undefined>> {
  const records = new Map<string, StoredRecord | undefined>();
  const until = clock.monotonic() + maxMs;
  let asked: unknown = { Keys: sockets.map(keyOf), ConsistentRead: true };
  for (let time = 0; listIn(asked, 'Keys').length > 0; time++) {
    const pause = time === 0 ? 0 : fullJitter(backoff(time, pausesMs), clock.random());
    if (time > maxRepeats || clock.monotonic() + pause > until)
      throw new Error('DynamoDB leaves items unread: it is throttled.');
    if (time > 0) await clock.sleep(pause);
    const input = { RequestItems: { [table.name]: asked } };
    const batch = await table.dynamo.run('BatchGetItem', input);
    for (const given of listIn(memberOf(batch, 'Responses'), table.name)) {
      const [record] = read(table, [given], recordOf);
      const socket = record?.socket ?? memberOf(memberOf(given, 'socket'), 'S');
      if (typeof socket === 'string') records.set(socket, record);
    }
    asked = memberOf(memberOf(batch, 'UnprocessedKeys'), table.name);
  }
  return records;
}

/** Reads items. One that can't be read is logged and left out, so that it does not hide the others. */
function read<Value>({ log }: ReadTable, items: readonly unknown[], by: (item: Item) => Value): Value[] {
  return items.flatMap((given) => {
    let socket = '';
    try {
      const item = itemFrom(given);
      socket = textIn(item, 'socket') || textIn(item, 'member');
      return [by(item)];
    } catch (error) {
      log.warnOnce('record_unreadable', { socket, why: String(error) });
      return [];
    }
  });
}

function pageOf<Value>(table: ReadTable, output: unknown, by: (item: Item) => Value): ReadPage<Value> {
  return pageBy(table, output, by, socketOf);
}

/** Reads a page of a Scan or a Query, and the last key in it. */
export function pageBy<Value, Key>(
  table: ReadTable,
  output: unknown,
  by: (item: Item) => Value,
  keyBy: (item: Item) => Key,
): ReadPage<Value, Key> {
  const key = memberOf(output, 'LastEvaluatedKey');
  return {
    values: read(table, listIn(output, 'Items'), by),
    last: key === undefined ? undefined : keyBy(itemFrom(key)),
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}
