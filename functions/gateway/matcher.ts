import { normalisePath } from '../wire/path.ts';
import type { SocketFilter } from './ports.ts';
import type { SocketRecord } from './record.ts';

/** What tells whether a record is one of those that a filter finds; a path is found however it is written. */
export function matcherOf({ path, user }: SocketFilter): (record: SocketRecord) => boolean {
  const wanted = path && normalisePath(path);
  return (record) =>
    record.status !== 'closing' &&
    (wanted === undefined || normalisePath(record.path) === wanted) &&
    (user === undefined || record.user === user);
}
