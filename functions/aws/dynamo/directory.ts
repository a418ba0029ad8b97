import type { Clock, Directory, Log, RecordPage, SocketPage, Survey } from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { matches, type SocketFilter } from '../../gateway/socket-filter.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { JsonProtocol } from '../client/json-protocol.ts';
import { cursorOf, type Position, positionOf } from './cursor.ts';
import { ahead, chunked, merged } from './parallel.ts';
import { Progress } from './progress.ts';
import { batchSize, query, type ReadPage, type ReadTable, readAll, readDialect, scan } from './read.ts';
import { pathShardsOf } from './shard.ts';
import type { TableAddress } from './table.ts';
import { type TableIndex, tableSchema } from './table-schema.ts';

/** The segments of the table that a broadcast scans at once, each one page ahead of the reader. */
const segments = 4;
/** The parts of a survey. They are read one after another, and each has as many segments. */
const surveyParts = 4;
/** How many BatchGetItems of a broadcast are in flight at once. */
const batchesAtOnce = 4;
/** The most reads for one page of a list, so that it ends even if nearly every socket is closing. */
const readsPerPage = 24;

/** Where to find the sockets of a filter: the keys in one index. */
interface Lookup {
  readonly index: TableIndex;
  readonly keys: readonly string[];
}

/**
 * The sockets that a send would reach. A consistent Scan finds all of them. An index finds those of a path or a user,
 * but it only tells where to look: the record, read consistently, decides. A new socket may not be in an index yet.
 */
export class DynamoDirectory implements Directory, Survey {
  readonly #table: ReadTable;
  readonly #clock: Clock;

  constructor({ name, endpoint }: TableAddress, caller: Caller, clock: Clock, log: Pick<Log, 'warnOnce'>) {
    const service = new AwsService('dynamodb', endpoint, caller, clock);
    this.#table = { dynamo: new JsonProtocol(service, readDialect, clock), name, log };
    this.#clock = clock;
  }

  /** Begins at a random part, so that unfinished surveys do not always leave out the same sockets. */
  async *survey(): AsyncGenerator<readonly SocketRecord[]> {
    const first = Math.floor(this.#clock.random() * surveyParts);
    for (let at = 0; at < surveyParts; at++) {
      yield* this.#surveyed((first + at) % surveyParts);
    }
  }

  async *pages(filter: SocketFilter, from?: string): AsyncGenerator<RecordPage> {
    const lookup = lookupOf(filter);
    const pages = lookup === undefined ? this.#scanned(from) : this.#lookedUp(lookup, filter, from);
    for await (const page of pages) if (page.records.length > 0) yield page;
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

  async *#surveyed(part: number): AsyncGenerator<SocketRecord[]> {
    const total = surveyParts * segments;
    const sources = Array.from({ length: segments }, (_, at) => {
      const segment = { Segment: part * segments + at, TotalSegments: total };
      return toTheEnd((after) => scan(this.#table, { segment, after, isSurvey: true }));
    });
    for await (const { values } of merged(sources)) yield values;
  }

  async *#scanned(from: string | undefined): AsyncGenerator<RecordPage> {
    const progress = new Progress(segments, from);
    const sources = progress.unfinished.map(({ part, after: start }) => {
      const segment = { Segment: part, TotalSegments: segments };
      return toTheEnd((after) => scan(this.#table, { segment, after }), { part, after: start });
    });
    for await (const { part, values, last } of merged(sources)) {
      progress.reach(part, last);
      yield { records: values, next: progress.toString() };
    }
  }

  async *#lookedUp(
    { index, keys }: Lookup,
    filter: SocketFilter,
    from: string | undefined,
  ): AsyncGenerator<RecordPage> {
    const progress = new Progress(keys.length, from);
    const sources = progress.unfinished.map((start) =>
      toTheEnd((after) => query(this.#table, index, keys[start.part] ?? '', { after }), start),
    );
    const found = ahead(chunked(placed(merged(sources)), batchSize), batchesAtOnce, async (places) => ({
      places,
      records: await this.#records(
        places.map(({ socket }) => socket),
        filter,
      ),
    }));
    for await (const { places, records } of found) {
      // Each key's sockets come in their order, so its last one is where to go on.
      for (const { part, socket } of places) progress.reach(part, socket);
      yield { records, next: progress.toString() };
    }
  }

  async #records(sockets: readonly SocketId[], filter: SocketFilter): Promise<SocketRecord[]> {
    return (await readAll(this.#table, this.#clock, sockets)).filter(matches(filter));
  }
}

/** By user if there is one, who has fewer sockets than a path; undefined without either. No index has the empty user. */
function lookupOf({ path, user }: SocketFilter): Lookup | undefined {
  const { indexes } = tableSchema;
  if (user !== undefined) return { index: indexes.user, keys: user === '' ? [] : [user] };
  return path === undefined ? undefined : { index: indexes.path, keys: pathShardsOf(path) };
}

/** A page of one part. */
interface PartPage<Value> extends ReadPage<Value> {
  readonly part: number;
}

/** Reads all pages of a part. */
async function* toTheEnd<Value>(
  read: (after: SocketId | undefined) => Promise<ReadPage<Value>>,
  { part, after: start }: Position = { part: 0, after: undefined },
): AsyncGenerator<PartPage<Value>> {
  let after = start;
  do {
    const page = await read(after);
    after = page.last;
    yield { part, ...page };
  } while (after !== undefined);
}

/** Sockets, each with its part. */
async function* placed(pages: AsyncIterable<PartPage<SocketId>>) {
  for await (const { part, values } of pages) yield values.map((socket) => ({ part, socket }));
}

function next({ part }: Position, last: SocketId | undefined): Position {
  return last === undefined ? { part: part + 1, after: undefined } : { part, after: last };
}
