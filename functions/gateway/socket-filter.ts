import type { GroupName } from '../wire/group.ts';
import { type ClientPath, normalisePath } from '../wire/path.ts';
import type { SocketRecord } from './record.ts';

/** Selects sockets by path, compared in normal form, by user and by group. An omitted field selects all. */
export interface SocketFilter {
  readonly path?: ClientPath | undefined;
  readonly user?: string | undefined;
  readonly group?: GroupName | undefined;
}

/** Whether a filter selects a record. Never one that is closing, since no send reaches it. */
export function matches({ path, user, group }: SocketFilter): (record: SocketRecord) => boolean {
  const wanted = path && normalisePath(path);
  return (record) =>
    record.status !== 'closing' &&
    (wanted === undefined || normalisePath(record.path) === wanted) &&
    (user === undefined || record.user === user) &&
    (group === undefined || record.groups.includes(group));
}
