import { hashOf } from '../../gateway/hash.ts';
import { type ClientPath, type NormalPath, normalisePath } from '../../wire/path.ts';
import type { SocketId } from '../../wire/socket-id.ts';

/**
 * How many index keys the sockets of one path are spread over. DynamoDB: one partition key takes 1,000 writes a second,
 * and every client may be on `/`. After a change of this number, existing sockets are no longer found by path.
 */
const shards = 16;

/** The index key of a socket. RFC 3986 section 3.3: a path contains no `#`. DynamoDB: a partition key has at most 2,048 bytes. */
export function pathShardOf(path: NormalPath, socket: SocketId): string {
  return `${path}#${hashOf(socket) % shards}`;
}

/**
 * All index keys that the sockets of a path may have. Records from before paths were normalised are under the path as
 * their client wrote it, so a search finds them if it writes the path in the same way.
 */
export function pathShardsOf(path: ClientPath): string[] {
  const forms = new Set<ClientPath>([normalisePath(path), path]);
  return [...forms].flatMap((form) => Array.from({ length: shards }, (_, shard) => `${form}#${shard}`));
}
