import { randomBytes } from 'node:crypto';
import { type SocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';

const prefix = randomBytes(6).toString('base64url');
let count = 0;

/** A new socket id: 88 bits of randomness, so it can't be guessed and does not come again. */
export function newSocketId(): SocketId {
  return socketIdFrom(randomBytes(11));
}

/** A new id of a message or an API call: unique among all processes, and in this one cheap. */
export function newId(): string {
  count += 1;
  return `${prefix}${count.toString(36)}`;
}
