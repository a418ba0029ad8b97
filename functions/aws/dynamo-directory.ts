import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { matcherOf } from '../gateway/matcher.ts';
import type { Clock, Directory, Log, SocketFilter, SocketPage, Survey } from '../gateway/ports.ts';
import type { SocketRecord } from '../gateway/record.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { Caller } from './aws-service.ts';
import { cursorOf, type Position, positionOf } from './dynamo-cursor.ts';
import { ahead, chunked, merged } from './dynamo-parallel.ts';
import { batchSize, query, type ReadPage, readAll, scan, type TableClient } from './dynamo-read.ts';
import { pathShardsOf } from './dynamo-shard.ts';
import type { TableAddress } from './dynamo-table.ts';
import { sdkOptions } from './sdk-options.ts';
import { type TableIndex, tableSchema } from './table-schema.ts';

/** Into how many segments a broadcast cuts the table; each is scanned on its own, one page ahead of who reads. */
const segments = 4;
/** Throttling is waited out, as the calls on one item do. */
const maxAttempts = 6;
/** In how many parts a survey is made, one after another, each cut into as many segments. */
const surveyParts = 4;
/** How many BatchGetItems of a broadcast are under way at once. */
const batchesAtOnce = 4;
/** The most reads that one page of a list takes, so that it ends even if nearly everything is closing. */
const readsPerPage = 24;

/** Where the sockets of a filter are looked up: the keys of one index. */
interface Lookup {
  readonly index: TableIndex;
  readonly keys: readonly string[];
}

/**
 * The sockets that a send would reach. All of them by a consistent Scan; those of a path or a user by an index, which
 * tells only where to look: the record, read consistently, decides. A socket just put may not be in an index yet.
 */
export class DynamoDirectory implements Directory, Survey {
  readonly #table: TableClient;
  readonly #clock: Clock;

  constructor({ name, endpoint }: TableAddress, caller: Caller, clock: Clock, log: Pick<Log, 'warnOnce'>) {
    const client = new DynamoDBClient({ ...sdkOptions(caller), endpoint, maxAttempts });
    this.#table = { client, name, log };
    this.#clock = clock;
  }

  /** Begins in another part each time, so that what a survey that is not finished leaves out is not always the same. */
  async *survey(): AsyncGenerator<readonly SocketRecord[]> {
    const first = Math.floor(this.#clock.random() * surveyParts);
    for (let at = 0; at < surveyParts; at++) {
      yield* this.#scanned({ part: (first + at) % surveyParts, of: surveyParts, isSurvey: true });
    }
  }

  async *pages(filter: SocketFilter): AsyncGenerator<readonly SocketRecord[]> {
    const lookup = lookupOf(filter);
    const pages =
      lookup === undefined
        ? this.#scanned({ part: 0, of: 1, isSurvey: false })
        : this.#lookedUp(lookup, filter);
    for await (const page of pages) if (page.length > 0) yield page;
  }

  async list(filter: SocketFilter, limit: number, cursor?: string): Promise<SocketPage | undefined> {
    const lookup = lookupOf(filter);
    const parts = lookup === undefined ? 1 : lookup.keys.length;
    const start = { part: 0, after: undefined };
    let position = cursor === undefined ? start : positionOf(filter, parts, cursor);
    if (position === undefined) return undefined;
    const sockets: SocketRecord[] = [];
    for (let reads = 0; position.part < parts; reads++) {
      if (sockets.length >= limit || reads === readsPerPage)
        return { sockets, cursor: cursorOf(filter, position) };
      const { values, last } = await this.#read(lookup, filter, position, limit - sockets.length);
      sockets.push(...values);
      position = next(position, last);
    }
    return { sockets };
  }

  async #read(
    lookup: Lookup | undefined,
    filter: SocketFilter,
    { part, after }: Position,
    limit: number,
  ): Promise<ReadPage<SocketRecord>> {
    if (lookup === undefined) return scan(this.#table, { after, limit });
    const found = await query(this.#table, lookup.index, lookup.keys[part] ?? '', {
      after,
      limit: Math.min(limit, batchSize),
    });
    return { values: await this.#records(found.values, filter), last: found.last };
  }

  #scanned(stretch: {
    readonly part: number;
    readonly of: number;
    readonly isSurvey: boolean;
  }): AsyncGenerator<SocketRecord[]> {
    const { part, of, isSurvey } = stretch;
    const sources = Array.from({ length: segments }, (_, at) => {
      const segment = { Segment: part * segments + at, TotalSegments: of * segments };
      return toTheEnd((after) => scan(this.#table, { segment, after, isSurvey }));
    });
    return merged(sources);
  }

  #lookedUp({ index, keys }: Lookup, filter: SocketFilter): AsyncGenerator<SocketRecord[]> {
    const sources = keys.map((key) => toTheEnd((after) => query(this.#table, index, key, { after })));
    return ahead(chunked(merged(sources), batchSize), batchesAtOnce, (sockets) =>
      this.#records(sockets, filter),
    );
  }

  async #records(sockets: readonly SocketId[], filter: SocketFilter): Promise<SocketRecord[]> {
    return (await readAll(this.#table, this.#clock, sockets)).filter(matcherOf(filter));
  }
}

/** By the user if one is named, who has fewer sockets than a path; undefined if the filter has neither. Nobody is in no index. */
function lookupOf({ path, user }: SocketFilter): Lookup | undefined {
  const { indexes } = tableSchema;
  if (user !== undefined) return { index: indexes.user, keys: user === '' ? [] : [user] };
  return path === undefined ? undefined : { index: indexes.path, keys: pathShardsOf(path) };
}

/** Reads page after page. */
async function* toTheEnd<Value>(
  read: (after: SocketId | undefined) => Promise<ReadPage<Value>>,
): AsyncGenerator<Value[]> {
  let after: SocketId | undefined;
  do {
    const { values, last } = await read(after);
    after = last;
    yield values;
  } while (after !== undefined);
}

function next({ part }: Position, last: SocketId | undefined): Position {
  return last === undefined ? { part: part + 1, after: undefined } : { part, after: last };
}
