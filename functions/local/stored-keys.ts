import type { PresenceKey } from '../gateway/presences.ts';
import type { DeadLetterId } from '../wire/dead-letter-id.ts';
import { parseSocketId, type SocketId } from '../wire/socket-id.ts';

/** The first byte of every key says what it is. A later kind must not be the prefix of another. */
const kinds = {
  body: 'b',
  letter: 'd',
  ended: 'e',
  hook: 'q',
  presence: 'p',
  sequence: 'n',
  record: 'r',
  chunk: 's',
} as const;

/** The kinds of values in the store. */
export type StoredKind = keyof typeof kinds;

/** The keys of one kind: from the first on and before the second. */
export function keysOf(kind: StoredKind): readonly [from: Uint8Array, before: Uint8Array] {
  const prefix = kinds[kind].charCodeAt(0);
  return [Buffer.from([prefix]), Buffer.from([prefix + 1])];
}

/** The digits of a number in a key, in base 36, so that keys are in the order of numbers up to 2^51. */
const digits = 10;

/** The key of the chunk of records that begins at a place. */
export function chunkKey(place: number): Uint8Array {
  return numberKey(kinds.chunk, place);
}

/** The key of the bits that say which places of a block have ended. */
export function endedKey(block: number): Uint8Array {
  return numberKey(kinds.ended, block);
}

/** The place or the block of such a key. Throws if it is none. */
export function readNumberKey(key: Uint8Array): number {
  const number = Number.parseInt(Buffer.from(key.subarray(1)).toString('latin1'), 36);
  if (Number.isSafeInteger(number)) return number;
  throw new Error('A key in the store is not the key of records.');
}

function numberKey(kind: string, number: number): Uint8Array {
  return Buffer.from(`${kind}${number.toString(36).padStart(digits, '0')}`);
}

/** The key of a socket's record in a store of version 1. */
export function recordKey(socket: SocketId): Uint8Array {
  return Buffer.from(`${kinds.record}${socket}`);
}

/** The key of the hook at a place in the queue of its socket. Ids of sockets hold no NUL. */
export function hookKey(socket: SocketId, at: number): Uint8Array {
  return Buffer.from(`${kinds.hook}${socket}\0${at.toString(36).padStart(digits, '0')}`);
}

/** The socket of a hook, and its place in the queue, by its key. Throws if it is no such key. */
export function readHookKey(key: Uint8Array): { readonly socket: SocketId; readonly place: number } {
  const [id = '', place = ''] = Buffer.from(key.subarray(1)).toString().split('\0');
  const socket = parseSocketId(id);
  if (socket === undefined) throw new Error('A key in the store is not the key of a hook.');
  return { socket, place: Number.parseInt(place, 36) };
}

/** The key of a dead letter without its body. */
export function letterKey(id: string): Uint8Array {
  return Buffer.from(`${kinds.letter}${id}`);
}

/** The key of the whole dead letter. */
export function bodyKey(id: DeadLetterId): Uint8Array {
  return Buffer.from(`${kinds.body}${id}`);
}

/** The key of what was told of a subject in a group. No name of a group holds NUL. */
export function presenceKey({ group, subject }: PresenceKey): Uint8Array {
  return Buffer.from(`${kinds.presence}${group}\0${subject}`);
}

/** The key of the greatest number of a hook of presence whose subject the store has forgotten. */
export const sequenceKey: Uint8Array = Buffer.from(kinds.sequence);

/** The least key that is greater. */
export function after(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.from([0])]);
}
