import { hashOf } from '../../gateway/hash.ts';
import { type ClientPath, type NormalPath, normalisePath } from '../../wire/path.ts';
import type { SocketId } from '../../wire/socket-id.ts';

/**
 * In how many parts the sockets of one path stand in the index. DynamoDB: one partition key takes 1,000 writes a
 * second, and everybody may be on `/`. Sockets put with another number are not found by their path any more.
 */
const shards = 16;

/** The index key of a socket. RFC 3986 section 3.3: a path holds no `#`. DynamoDB: a partition key is at most 2,048 bytes. */
export function pathShardOf(path: NormalPath, socket: SocketId): string {
  return `${path}#${hashOf(socket) % shards}`;
}

/**
 * All the index keys under which the sockets of a path may stand. Records of before paths were normalised stand under the
 * path as their client wrote it: they are found by whoever writes it in the same way.
 */
export function pathShardsOf(path: ClientPath): string[] {
  const forms = new Set<ClientPath>([normalisePath(path), path]);
  return [...forms].flatMap((form) => Array.from({ length: shards }, (_, shard) => `${form}#${shard}`));
}
