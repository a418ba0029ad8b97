import { randomBytes } from 'node:crypto';
import { type SocketId, socketIdFrom } from '../wire/socket-id.ts';

const prefix = randomBytes(6).toString('base64url');
let count = 0;

/** Random bytes per id, and per draw: a draw costs more than an id. */
const idBytes = 11;
const drawnBytes = idBytes * 256;
let pool = randomBytes(0);

/** Gives new ids. Each is given once. */
export interface Ids {
  socket(): SocketId;
  /** The id of a message or an API call. */
  message(): string;
}

/** A new socket id: 88 random bits, so it can't be guessed and is not repeated. */
function newSocketId(): SocketId {
  if (pool.length === 0) pool = randomBytes(drawnBytes);
  const id = socketIdFrom(pool.subarray(0, idBytes));
  pool = pool.subarray(idBytes);
  return id;
}

/** A new id for a message or an API call: unique across processes, and cheap to make. */
export function newId(): string {
  count += 1;
  return `${prefix}${count.toString(36)}`;
}

/** Ids that are unique in the world. */
export const uniqueIds: Ids = { socket: newSocketId, message: newId };
