import { randomBytes } from 'node:crypto';
import { type SocketId, socketIdFrom } from '../wire/socket-id.ts';

const prefix = randomBytes(6).toString('base64url');
let count = 0;

/** How many bytes of randomness an id has, and how many are drawn at once: a draw costs more than an id. */
const idBytes = 11;
const drawnBytes = idBytes * 256;
let pool = randomBytes(0);

/** A new socket id: 88 bits of randomness, so it can't be guessed and does not come again. */
export function newSocketId(): SocketId {
  if (pool.length === 0) pool = randomBytes(drawnBytes);
  const id = socketIdFrom(pool.subarray(0, idBytes));
  pool = pool.subarray(idBytes);
  return id;
}

/** A new id of a message or an API call: unique among all processes, and in this one cheap. */
export function newId(): string {
  count += 1;
  return `${prefix}${count.toString(36)}`;
}
