import type { Clock, SegmentPage, Stretch } from '../../gateway/ports.ts';
import type { Recipient } from '../../gateway/record.ts';
import { matches, type SocketFilter } from '../../gateway/socket-filter.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import { lookupOf } from './lookup.ts';
import { ahead, chunked, merged } from './parallel.ts';
import {
  batchesAtOnce,
  batchSize,
  query,
  type ReadTable,
  readAll,
  scanRecipients,
  scanSockets,
} from './read.ts';
import type { TableIndex } from './table-schema.ts';

/** Into how many segments a broadcast to all divides the table. */
const scanSegments = 4;

/** How many sockets behind the end of a stretch of a Scan are looked at. */
const lookBehind = 100;

/** A recipient, and its position in its segment. */
interface Placed {
  readonly recipient: Recipient;
  readonly at: string;
}

/** From the socket behind which a stretch begins to the last that it may have. */
interface Range {
  readonly from: SocketId | undefined;
  readonly to: SocketId | undefined;
}

/** One key of an index, and the filter that the records have to pass. */
interface IndexKey {
  readonly index: TableIndex;
  readonly key: string;
  readonly filter: SocketFilter;
}

/**
 * The sockets of broadcasts to all, to a path or to a user, in segments that can be read one by one and from any position
 * on. A position is the id of a socket, and works also when that socket has gone.
 */
export class Segments {
  readonly #table: ReadTable;
  readonly #clock: Clock;

  constructor(table: ReadTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Four parts of the table for all sockets, else the keys of the index. */
  count(filter: SocketFilter): number {
    return lookupOf(filter)?.keys.length ?? scanSegments;
  }

  pages(filter: SocketFilter, at: number, { from, to, limit }: Stretch): AsyncIterable<SegmentPage> {
    const range = { from: placeOf(from), to: placeOf(to) };
    const lookup = lookupOf(filter);
    if (lookup === undefined) return segmentPages(this.#scanned(at, range), limit);
    const indexKey = { index: lookup.index, key: lookup.keys[at] ?? '', filter };
    return segmentPages(this.#lookedUp(indexKey, range), limit);
  }

  async *#scanned(at: number, { from, to }: Range): AsyncGenerator<Placed[]> {
    const segment = { Segment: at, TotalSegments: scanSegments };
    let after = from;
    do {
      const { values, last } = await scanRecipients(this.#table, { segment, after });
      const end = to === undefined ? values.length : await this.#endIn(values, segment, to);
      yield values.slice(0, end ?? values.length).map((recipient) => ({ recipient, at: recipient.socket }));
      if (to !== undefined && end !== undefined) return;
      after = last;
    } while (after !== undefined);
  }

  /**
   * How many of these sockets stand before the end of a stretch; undefined if it may be behind all of them. Only
   * DynamoDB knows the order of a Scan. If the socket at the end has gone, what stands behind it says where it was.
   * That is read after these, so that sockets that are put there meanwhile are known.
   */
  async #endIn(
    found: readonly Recipient[],
    segment: { readonly Segment: number; readonly TotalSegments: number },
    to: SocketId,
  ): Promise<number | undefined> {
    const last = found.findIndex(({ socket }) => socket === to);
    if (last >= 0) return last + 1;
    const { values } = await scanSockets(this.#table, { segment, after: to, limit: lookBehind });
    const behind = new Set(values);
    const first = found.findIndex(({ socket }) => behind.has(socket));
    return first < 0 ? undefined : first;
  }

  async *#lookedUp({ index, key, filter }: IndexKey, { from, to }: Range): AsyncGenerator<Placed[]> {
    const isWanted = matches(filter);
    const sockets = chunked(this.#sockets(index, key, { from, to }), batchSize);
    const found = ahead(sockets, batchesAtOnce, (chunk) => readAll(this.#table, this.#clock, chunk));
    for await (const records of found)
      yield records.filter(isWanted).map((record) => placed(record, record.socket));
  }

  async *#sockets(index: TableIndex, key: string, { from, to }: Range): AsyncGenerator<SocketId[]> {
    let after = from;
    do {
      const { values, last } = await query(this.#table, index, key, { after });
      // An index is sorted by bytes, and socket ids are ASCII.
      const inRange = to === undefined ? values : values.filter((socket) => socket <= to);
      yield inRange;
      if (inRange.length < values.length) return;
      after = last;
    } while (after !== undefined);
  }
}

/**
 * A recipient at a position. The rest of its record is not kept, since a page of a segment waits for several others.
 */
export function placed({ socket, status, acceptedAt }: Recipient, at: string): Placed {
  return { recipient: { socket, status, acceptedAt }, at };
}

/** Regroups recipients into pages of a segment, reading one page ahead. All but the last are full. */
export async function* segmentPages(
  found: AsyncIterable<readonly Placed[]>,
  limit: number,
): AsyncGenerator<SegmentPage> {
  for await (const page of merged([chunked(found, limit)])) {
    const recipients = page.map(({ recipient }) => recipient);
    yield { recipients, end: page.at(-1)?.at ?? '' };
  }
}

/** Throws if no page of such a segment ended there. */
function placeOf(position: string | undefined): SocketId | undefined {
  if (position === undefined) return undefined;
  const socket = parseSocketId(position);
  if (socket === undefined) throw new Error('This is not where a page of a segment ended.');
  return socket;
}
