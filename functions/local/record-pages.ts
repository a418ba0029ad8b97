import type { SocketRecord } from '../gateway/record.ts';
import type { Candidate } from './record-index.ts';

/** The number of records on a page. Other work gets its turn between pages. */
const pageSize = 1_000;

/** The records that `pick` makes of entries, up to the sequence number `last`, a page at a time. */
export async function* paged<Each extends Candidate>(
  entries: Iterable<Each>,
  last: number,
  pick: (entry: Each) => SocketRecord | undefined,
): AsyncGenerator<readonly SocketRecord[]> {
  let page: SocketRecord[] = [];
  for (const entry of entries) {
    const record = entry.sequence > last ? undefined : pick(entry);
    if (record === undefined) continue;
    page.push(record);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (page.length > 0) yield page;
}
