import { createHash } from 'node:crypto';

declare const brand: unique symbol;

/** The id of a broadcast that is posted after its call was answered. */
export type BroadcastId = string & { readonly [brand]: 'BroadcastId' };

const form = /^[A-Za-z0-9_-]{22}$/;

/** Parses a broadcast id. Undefined if it can't be one. */
export function parseBroadcastId(text: string): BroadcastId | undefined {
  return form.test(text) ? (text as BroadcastId) : undefined;
}

/**
 * The id of the broadcast that a call or an action asked for, whose own id is given: always the same, so that work that
 * is done twice begins one broadcast. 132 bits, and safe in a URL, which ids of API Gateway are not.
 */
export function broadcastIdOf(source: string): BroadcastId {
  return createHash('sha256').update(source).digest('base64url').slice(0, 22) as BroadcastId;
}
