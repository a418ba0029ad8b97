import type {
  Clock,
  Directory,
  Log,
  RecordPage,
  SegmentPage,
  SocketPage,
  Stretch,
  Survey,
  UserPage,
} from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { matches, type SocketFilter } from '../../gateway/socket-filter.ts';
import type { GroupName } from '../../wire/group.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Item } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect } from './calls.ts';
import { cursorOf, type Position, positionOf } from './cursor.ts';
import { GroupDirectory, type GroupFilter } from './group-directory.ts';
import { type Lookup, lookupOf } from './lookup.ts';
import { ahead, chunked, merged } from './parallel.ts';
import { Progress } from './progress.ts';
import {
  batchesAtOnce,
  batchSize,
  query,
  type ReadPage,
  type ReadTable,
  readAll,
  readDialect,
  readsPerPage,
  type Start,
  scan,
} from './read.ts';
import type { RegistryTables } from './registry.ts';
import { Resharding } from './reshard.ts';
import { Segments } from './segments.ts';
import { DynamoTable } from './table.ts';
import { UnusedRows } from './unused-rows.ts';

/** How many segments of the table a broadcast scans in parallel, each one page ahead of its reader. */
const segments = 4;
/** How many parts a survey has. They are read one after another, each in `segments` segments. */
const surveyParts = 4;

/**
 * The sockets that a send would reach. A consistent Scan finds all of them. An index finds those of a path or a user, but
 * it only says where to look: the record, which is read consistently, decides. A new socket may not be in an index yet.
 * The members of a group are found by the table of groups, whatever else the filter asks for.
 */
export class DynamoDirectory implements Directory, Survey {
  readonly #table: ReadTable;
  readonly #groups: GroupDirectory;
  readonly #segments: Segments;
  readonly #sockets: DynamoTable;
  readonly #clock: Clock;

  constructor(
    access: DynamoAccess,
    { name, groups }: RegistryTables,
    clock: Clock,
    log: Pick<Log, 'warnOnce'>,
  ) {
    const dynamo = access(readDialect);
    this.#table = { dynamo, name, log };
    const unused = new UnusedRows(access, groups, log);
    this.#groups = new GroupDirectory(this.#table, { dynamo, name: groups, log }, unused, clock);
    this.#segments = new Segments(this.#table, clock);
    this.#sockets = new DynamoTable(new DynamoCalls(access(itemDialect)), name);
    this.#clock = clock;
  }

  /**
   * Moves records that an older version has put under other index keys, since broadcasts do not look there. Starts with a
   * random part, so that surveys that run out of time do not always leave out the same sockets.
   */
  async *survey(): AsyncGenerator<readonly SocketRecord[]> {
    const resharding = new Resharding(this.#sockets, this.#table.log);
    const first = Math.floor(this.#clock.random() * surveyParts);
    for (let at = 0; at < surveyParts; at++) {
      yield* this.#surveyed((first + at) % surveyParts, resharding);
    }
  }

  async *pages(filter: SocketFilter, from?: string, enough?: number): AsyncGenerator<RecordPage> {
    // An empty page of a group says how far a search has come that finds none of its members.
    for await (const page of this.#found(filter, { from, limit: enough }))
      if (page.records.length > 0 || filter.group !== undefined) yield page;
  }

  segmentsOf(filter: SocketFilter): number {
    return isOfGroup(filter) ? 1 : this.#segments.count(filter);
  }

  segment(filter: SocketFilter, at: number, stretch: Stretch): AsyncIterable<SegmentPage> {
    return isOfGroup(filter)
      ? this.#groups.segment(filter, stretch)
      : this.#segments.pages(filter, at, stretch);
  }

  async list(filter: SocketFilter, limit: number, cursor?: string): Promise<SocketPage | undefined> {
    if (isOfGroup(filter)) return this.#groups.list(filter, limit, cursor);
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

  listUsers(group: GroupName, limit: number, cursor?: string): Promise<UserPage | undefined> {
    return this.#groups.listUsers(group, limit, cursor);
  }

  #found(filter: SocketFilter, start: Start): AsyncGenerator<RecordPage> {
    if (isOfGroup(filter)) return this.#groups.pages(filter, start);
    const lookup = lookupOf(filter, start.from?.split(',').length);
    return lookup === undefined ? this.#scanned(start) : this.#lookedUp(lookup, filter, start);
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

  async *#surveyed(part: number, resharding: Resharding): AsyncGenerator<SocketRecord[]> {
    const total = surveyParts * segments;
    const read = (item: Item): SocketRecord => resharding.read(item);
    const sources = Array.from({ length: segments }, (_, at) => {
      const segment = { Segment: part * segments + at, TotalSegments: total };
      return toTheEnd((after) => scan(this.#table, { segment, after, isSurvey: true }, read));
    });
    for await (const { values } of merged(sources)) {
      await resharding.moveFound();
      yield values;
    }
  }

  async *#scanned({ from, limit }: Start): AsyncGenerator<RecordPage> {
    const progress = new Progress(segments, from);
    const sources = progress.unfinished.map(({ part, after: start }) => {
      const segment = { Segment: part, TotalSegments: segments };
      return toTheEnd((after) => scan(this.#table, { segment, after, limit }), { part, after: start });
    });
    for await (const { part, values, last } of merged(sources)) {
      progress.reach(part, last);
      yield { records: values, next: progress.toString() };
    }
  }

  async *#lookedUp(
    { index, keys }: Lookup,
    filter: SocketFilter,
    { from, limit }: Start,
  ): AsyncGenerator<RecordPage> {
    const progress = new Progress(keys.length, from);
    const sources = progress.unfinished.map((start) =>
      toTheEnd((after) => query(this.#table, index, keys[start.part] ?? '', { after, limit }), start),
    );
    const found = ahead(chunked(placed(merged(sources)), batchSize), batchesAtOnce, async (places) => ({
      places,
      records: await this.#records(
        places.map(({ socket }) => socket),
        filter,
      ),
    }));
    for await (const { places, records } of found) {
      // The sockets of one key arrive in order, so the last one is where that key continues.
      for (const { part, socket } of places) progress.reach(part, socket);
      yield { records, next: progress.toString() };
    }
  }

  async #records(sockets: readonly SocketId[], filter: SocketFilter): Promise<SocketRecord[]> {
    return (await readAll(this.#table, this.#clock, sockets)).filter(matches(filter));
  }
}

function isOfGroup(filter: SocketFilter): filter is GroupFilter {
  return filter.group !== undefined;
}

/** A page of one part. */
interface PartPage<Value> extends ReadPage<Value> {
  readonly part: number;
}

/** Reads a part page by page, to its end. */
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

/** Each socket with its part. */
async function* placed(pages: AsyncIterable<PartPage<SocketId>>) {
  for await (const { part, values } of pages) yield values.map((socket) => ({ part, socket }));
}

function next({ part }: Position, last: SocketId | undefined): Position {
  return last === undefined ? { part: part + 1, after: undefined } : { part, after: last };
}
