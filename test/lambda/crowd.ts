import type { Item } from '../../functions/aws/dynamo/attribute.ts';
import { number, text } from '../../functions/aws/dynamo/attribute.ts';
import { expiresAfter } from '../../functions/aws/dynamo/item.ts';
import { pathShardOf } from '../../functions/aws/dynamo/shard.ts';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { normalisePath } from '../../functions/wire/path.ts';
import { type SocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';
import { aPath } from '../fakes/a-record.ts';

/** Open sockets as the table holds them. */
export interface Crowd {
  readonly sockets: readonly SocketId[];
  readonly items: readonly Item[];
}

/** So many sockets that have been open for ten minutes, all on one path. */
export function crowdOf(count: number, path = '/'): Crowd {
  const openedAt = Date.now() - 600_000;
  const sockets = Array.from({ length: count }, (_, at) => idOf(at));
  const items = sockets.map((socket) => itemOf({ socket, path: aPath(path), openedAt }));
  return { sockets, items };
}

function idOf(at: number): SocketId {
  const bytes = new Uint8Array(11).fill(7);
  new DataView(bytes.buffer).setUint32(0, at);
  return socketIdFrom(bytes);
}

function itemOf({ socket, path, openedAt }: Pick<SocketRecord, 'socket' | 'path' | 'openedAt'>): Item {
  return {
    ...{ socket: text(socket), status: text('open'), path: text(path) },
    ...{ origin: text('https://app.example'), openedAt: number(openedAt), acceptedAt: number(openedAt) },
    pathShard: text(pathShardOf(normalisePath(path), socket)),
    expires: expiresAfter(openedAt, 7),
  };
}
