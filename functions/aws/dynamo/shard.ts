import { hashOf } from '../../gateway/hash.ts';
import { type ClientPath, type NormalPath, normalisePath } from '../../wire/path.ts';
import type { SocketId } from '../../wire/socket-id.ts';

/**
 * How many index keys the sockets of one path are spread over. Every client may be on `/`, and API Gateway accepts 500 new
 * connections a second, each of which is put into the index and later deleted from it. DynamoDB: one partition key takes
 * 1,000 writes a second, so four keys take four times as many as there can be. A broadcast by path queries them all.
 */
const shards = 4;

/** How many an older version had. A broadcast that it began goes on with its keys. */
const olderShards = 16;

/** The index key of a socket. RFC 3986 section 3.3: a path contains no `#`. DynamoDB: a partition key has at most 2,048 bytes. */
export function pathShardOf(path: NormalPath, socket: SocketId): string {
  return `${path}#${hashOf(socket) % shards}`;
}

/**
 * All index keys that the sockets of a path may have. Records from before paths were normalised are under the path as
 * their client wrote it, so a search finds them if it writes the path in the same way. `parts`: how many keys a search
 * that goes on had before.
 */
export function pathShardsOf(path: ClientPath, parts?: number): string[] {
  const forms = new Set<ClientPath>([normalisePath(path), path]);
  const count = parts === forms.size * olderShards ? olderShards : shards;
  return [...forms].flatMap((form) => Array.from({ length: count }, (_, shard) => `${form}#${shard}`));
}
