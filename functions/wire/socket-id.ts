import { limits } from './limits.ts';

declare const brand: unique symbol;

/** The id of a socket: API Gateway's `connectionId`, opaque, unguessable, never reused. */
export type SocketId = string & { readonly [brand]: 'SocketId' };

/** No `.`, which would be a step in a URL. */
const token = /^[A-Za-z0-9_+/=-]+$/;

/** Reads a socket id; undefined for what can not be one, which is as good as a socket that is gone. */
export function parseSocketId(text: string): SocketId | undefined {
  return text.length <= limits.socketIdLength && token.test(text) ? (text as SocketId) : undefined;
}

/** Makes a socket id of API Gateway's form: 11 bytes of randomness, 16 characters that end in `=`. */
export function socketIdFrom(bytes: Uint8Array): SocketId {
  return `${Buffer.from(bytes).toString('base64url')}=` as SocketId;
}
