import { limits } from './limits.ts';

declare const brand: unique symbol;

/** The id of a socket: API Gateway's `connectionId`, opaque, unguessable, never reused. */
export type SocketId = string & { readonly [brand]: 'SocketId' };

/** No `.`: it could form a dot segment in a URL. */
const token = /^[A-Za-z0-9_+/=-]+$/;

/** Parses a socket id. Undefined if it can't be one; callers treat that as a socket that is gone. */
export function parseSocketId(text: string): SocketId | undefined {
  return text.length <= limits.socketIdLength && token.test(text) ? (text as SocketId) : undefined;
}

/** Makes a socket id in API Gateway's form: 11 random bytes become 16 characters that end in `=`. */
export function socketIdFrom(bytes: Uint8Array): SocketId {
  return `${Buffer.from(bytes).toString('base64url')}=` as SocketId;
}
