import type { SegmentPage, SocketPage, Stretch } from '../gateway/ports.ts';
import type { SocketRecord } from '../gateway/record.ts';
import { matches, type SocketFilter } from '../gateway/socket-filter.ts';
import { cursorOf, sequenceIn } from './list-cursor.ts';
import type { Candidate } from './record-index.ts';

/** The number of records on a page. Other work gets its turn between pages. */
const pageSize = 1_000;

/** What `pick` makes of entries, up to the sequence number `last`, a page at a time. */
export async function* paged<Each extends Candidate, Picked>(
  entries: Iterable<Each>,
  last: number,
  pick: (entry: Each) => Picked | undefined,
  size: number = pageSize,
): AsyncGenerator<readonly Picked[]> {
  let page: Picked[] = [];
  for (const entry of entries) {
    const picked = entry.sequence > last ? undefined : pick(entry);
    if (picked === undefined) continue;
    page.push(picked);
    if (page.length < size) continue;
    yield page;
    page = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (page.length > 0) yield page;
}

/** The wanted records of a stretch, up to the sequence number `last`. A position is the sequence number of a socket. */
export async function* segmentPages(
  candidates: Iterable<Candidate>,
  last: number,
  isWanted: (record: SocketRecord) => boolean,
  { from = '0', to, limit }: Stretch,
): AsyncGenerator<SegmentPage> {
  const after = Number.parseInt(from, 36);
  const pages = paged(
    candidates,
    to === undefined ? last : Number.parseInt(to, 36),
    (candidate) => (candidate.sequence > after && isWanted(candidate.record) ? candidate : undefined),
    limit,
  );
  for await (const page of pages) {
    const recipients = page.map(({ record }) => record);
    yield { recipients, end: (page.at(-1)?.sequence ?? 0).toString(36) };
  }
}

/** One page of at most `limit` records that a filter selects. Undefined if the cursor is not one of this list. */
export function listPage(
  candidates: Iterable<Candidate>,
  filter: SocketFilter,
  limit: number,
  cursor: string | undefined,
): SocketPage | undefined {
  const after = sequenceIn(filter, cursor);
  if (after === undefined) return undefined;
  const isWanted = matches(filter);
  const sockets: SocketRecord[] = [];
  let last = after;
  for (const { record, sequence } of candidates) {
    if (sequence <= after || !isWanted(record)) continue;
    if (sockets.length === limit) return { sockets, cursor: cursorOf(filter, last.toString(36)) };
    sockets.push(record);
    last = sequence;
  }
  return { sockets };
}
