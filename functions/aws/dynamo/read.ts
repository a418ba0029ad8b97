import type { Clock, Log } from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { JsonDialect, JsonProtocol } from '../client/json-protocol.ts';
import { type Item, itemFrom, text } from './attribute.ts';
import { recordOf, socketOf, textIn } from './item.ts';
import { keyOf, namesIn } from './table.ts';
import type { TableIndex } from './table-schema.ts';

/** DynamoDB: a BatchGetItem asks for at most 100 items. */
export const batchSize = 100;

/** How often items that DynamoDB left unread are asked for again. */
const maxRepeats = 12;

/** The longest pauses before that, in milliseconds. */
const pausesMs = { first: 50, longest: 3_000 };

/** How long a read of many items may take, in milliseconds: with all its tries far less than any function has. */
const maxMs = 8_000;

/** How DynamoDB is asked for many items: a megabyte takes longer than one item does. */
export const readDialect: JsonDialect = {
  ...{ target: 'DynamoDB_20120810', version: '1.0', attempts: 6 },
  ...{ maxMs, maxMsOfTry: 4_000 },
};

/** A table, for calls that read many items. */
export interface ReadTable {
  readonly dynamo: JsonProtocol;
  readonly name: string;
  /** Is told of what nobody can read. */
  readonly log: Pick<Log, 'warnOnce'>;
}

/** One page of what was read, and the last socket that was looked at if there may be more. */
export interface ReadPage<Value> {
  readonly values: Value[];
  readonly last: SocketId | undefined;
}

/** Which part of the table a scan reads, where it goes on, and the most items that it looks at. */
export interface Stretch {
  readonly segment?: { readonly Segment: number; readonly TotalSegments: number };
  readonly after: SocketId | undefined;
  readonly limit?: number;
  /** Whether records that are closing are wanted too; what is read then may lag behind, for half the price. */
  readonly isSurvey?: boolean;
}

/**
 * Scans the table for sockets that are not closing, unless it is surveyed. DynamoDB: a page ends at 1 MB or at `limit`,
 * counted before the filter, so it may be empty and yet not the last. Consistent: a socket that was put before the scan
 * began is found.
 */
export async function scan(table: ReadTable, stretch: Stretch): Promise<ReadPage<SocketRecord>> {
  const scanned = await table.dynamo.run('Scan', {
    ...{ TableName: table.name, ConsistentRead: stretch.isSurvey !== true, ...stretch.segment },
    ...(stretch.isSurvey === true ? {} : living),
    ...(stretch.after === undefined ? {} : { ExclusiveStartKey: keyOf(stretch.after) }),
    ...(stretch.limit === undefined ? {} : { Limit: stretch.limit }),
  });
  return pageOf(table, scanned, recordOf);
}

const living = {
  FilterExpression: '#status <> :closing',
  ...namesIn('#status'),
  ExpressionAttributeValues: { ':closing': text('closing') },
};

/**
 * The sockets under one key of an index, in their order. DynamoDB: an index is eventually consistent, always, and a
 * page of it ends at 1 MB or at `limit`. Where it goes on is a condition, so a cursor holds no key of an index.
 */
export async function query(
  table: ReadTable,
  { name, partitionKey, sortKey }: TableIndex,
  key: string,
  { after, limit }: Stretch,
): Promise<ReadPage<SocketId>> {
  const from = after === undefined ? '' : ` AND #${sortKey} > :after`;
  const found = await table.dynamo.run('Query', {
    ...{ TableName: table.name, IndexName: name, ProjectionExpression: `#${sortKey}` },
    ...{
      KeyConditionExpression: `#${partitionKey} = :key${from}`,
      ...namesIn(`#${partitionKey} #${sortKey}`),
    },
    ExpressionAttributeValues: {
      ':key': text(key),
      ...(after === undefined ? {} : { ':after': text(after) }),
    },
    ...(limit === undefined ? {} : { Limit: limit }),
  });
  return pageOf(table, found, socketOf);
}

/**
 * The records of sockets, in their order, less those that are gone; at most 100 at a time. DynamoDB may leave keys
 * unread, when it is throttled or past 16 MB: they are asked for again, with jitter, and at last it is a fault.
 */
export async function readAll(
  table: ReadTable,
  clock: Clock,
  sockets: readonly SocketId[],
): Promise<SocketRecord[]> {
  const found: SocketRecord[] = [];
  const until = clock.monotonic() + maxMs;
  let asked: unknown = { Keys: sockets.map(keyOf), ConsistentRead: true };
  for (let time = 0; listIn(asked, 'Keys').length > 0; time++) {
    const pause = time === 0 ? 0 : fullJitter(backoff(time, pausesMs), clock.random());
    if (time > maxRepeats || clock.monotonic() + pause > until)
      throw new Error('DynamoDB leaves items unread: it is throttled.');
    if (time > 0) await clock.sleep(pause);
    const input = { RequestItems: { [table.name]: asked } };
    const batch = await table.dynamo.run('BatchGetItem', input);
    found.push(...read(table, listIn(memberOf(batch, 'Responses'), table.name), recordOf));
    asked = memberOf(memberOf(batch, 'UnprocessedKeys'), table.name);
  }
  const records = new Map(found.map((record) => [record.socket, record]));
  return sockets.flatMap((socket) => records.get(socket) ?? []);
}

/** What is read of items. One that can't be read is left out, since all others would suffer for it. */
function read<Value>({ log }: ReadTable, items: readonly unknown[], by: (item: Item) => Value): Value[] {
  return items.flatMap((given) => {
    let socket = '';
    try {
      const item = itemFrom(given);
      socket = textIn(item, 'socket');
      return [by(item)];
    } catch (error) {
      log.warnOnce('record_unreadable', { socket, why: String(error) });
      return [];
    }
  });
}

function pageOf<Value>(table: ReadTable, output: unknown, by: (item: Item) => Value): ReadPage<Value> {
  const key = memberOf(output, 'LastEvaluatedKey');
  return {
    values: read(table, listIn(output, 'Items'), by),
    last: key === undefined ? undefined : socketOf(itemFrom(key)),
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}
