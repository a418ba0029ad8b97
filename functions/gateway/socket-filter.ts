import type { GroupName } from '../wire/group.ts';
import { type ClientPath, normalisePath } from '../wire/path.ts';
import type { SocketRecord } from './record.ts';

/** Selects sockets by path, compared in normal form, by user and by group. An omitted field selects all. */
export interface SocketFilter {
  readonly path?: ClientPath | undefined;
  readonly user?: string | undefined;
  readonly group?: GroupName | undefined;
  /** Whether to select also those that are closing. Only for `pages` of a user in a group. */
  readonly ended?: boolean;
}

/** Whether a filter selects a record. One that is closing only if it asks for that, since no send reaches it. */
export function matches({
  path,
  user,
  group,
  ended = false,
}: SocketFilter): (record: SocketRecord) => boolean {
  const wanted = path && normalisePath(path);
  return (record) =>
    (ended || record.status !== 'closing') &&
    (wanted === undefined || normalisePath(record.path) === wanted) &&
    (user === undefined || record.user === user) &&
    (group === undefined || record.groups.includes(group));
}
