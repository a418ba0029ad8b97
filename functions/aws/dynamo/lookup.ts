import type { SocketFilter } from '../../gateway/socket-filter.ts';
import { pathShardsOf } from './shard.ts';
import { type TableIndex, tableSchema } from './table-schema.ts';

/** The index, and its keys, under which the sockets of a filter are found. */
export interface Lookup {
  readonly index: TableIndex;
  readonly keys: readonly string[];
}

/** By user if the filter names one, since a user has fewer sockets than a path. The empty user is in no index. */
export function lookupOf({ path, user }: SocketFilter, parts?: number): Lookup | undefined {
  const { indexes } = tableSchema;
  if (user !== undefined) return { index: indexes.user, keys: user === '' ? [] : [user] };
  return path === undefined ? undefined : { index: indexes.path, keys: pathShardsOf(path, parts) };
}
