import { hashOf } from '../gateway/hash.ts';
import type { ClientPath } from '../wire/path.ts';
import type { SocketId } from '../wire/socket-id.ts';

/**
 * In how many parts the sockets of one path stand in the index. DynamoDB: one partition key takes 1,000 writes a
 * second, and everybody may be on `/`. Sockets put with another number are not found by their path any more.
 */
const shards = 16;

/** The index key of a socket. RFC 3986 section 3.3: a path holds no `#`. DynamoDB: a partition key is at most 2,048 bytes. */
export function pathShardOf(path: ClientPath, socket: SocketId): string {
  return `${path}#${hashOf(socket) % shards}`;
}

/** All the index keys under which the sockets of a path may stand. */
export function pathShardsOf(path: ClientPath): string[] {
  return Array.from({ length: shards }, (_, shard) => `${path}#${shard}`);
}
