import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Recipient } from '../record.ts';
import { NotPosted } from './not-posted.ts';
import type { Outcome } from './outcome.ts';
import { type AttemptOutcome, postToConnection, postToConnectionOnce } from './post-to-connection.ts';

/** A message that can't be brought for now: nothing was sent, and it may be tried again. */
export interface Unsent {
  /** The record of its socket, if it was found. */
  readonly record: Recipient | undefined;
  /** Its outcome if it is given up. */
  readonly code: 'throttled' | 'post_failed';
}

/** How a message is posted to a socket that is open. */
type Poster = (gateway: Gateway, record: Recipient, body: string) => MaybePromise<AttemptOutcome>;

/**
 * Brings one message to one socket: into the outbox while the client is still opening, so that nothing overtakes
 * what waits there, and to its connection once it is open. `known` saves reading a record that is at hand. A fault
 * of the world is an outcome too, so that every socket of a send has one.
 */
export function deliver(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known?: Recipient,
): MaybePromise<Outcome> {
  const outcome = deliverWith(gateway, socket, body, known, postToConnection);
  return outcome instanceof Promise ? outcome.then(outcomeOf) : outcomeOf(outcome);
}

/** The same, tried once. */
export function deliverOnce(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: Recipient | undefined,
): MaybePromise<Outcome | Unsent> {
  return deliverWith(gateway, socket, body, known, postToConnectionOnce);
}

function outcomeOf(outcome: Outcome | Unsent): Outcome {
  return typeof outcome === 'string' ? outcome : outcome.code;
}

function deliverWith(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: Recipient | undefined,
  poster: Poster,
): MaybePromise<Outcome | Unsent> {
  if (known?.status !== 'open') return lookUpAndDeliver(gateway, socket, body, known, poster);
  try {
    const attempt = poster(gateway, known, body);
    return attempt instanceof Promise ? settled(gateway, known, attempt) : outcomeOrUnsent(known, attempt);
  } catch (error) {
    return faultOutcome(gateway, socket, error, known);
  }
}

async function settled(
  gateway: Gateway,
  record: Recipient,
  attempt: MaybePromise<AttemptOutcome>,
): Promise<Outcome | Unsent> {
  try {
    return outcomeOrUnsent(record, await attempt);
  } catch (error) {
    return faultOutcome(gateway, record.socket, error, record);
  }
}

function outcomeOrUnsent(record: Recipient, attempt: AttemptOutcome): Outcome | Unsent {
  return attempt === 'retry' ? { record, code: 'throttled' } : attempt;
}

function deliveryFault({ log }: Gateway, socket: SocketId, error: unknown): 'post_failed' {
  log.error('delivery_fault', { socket, why: String(error) });
  return 'post_failed';
}

function faultOutcome(
  gateway: Gateway,
  socket: SocketId,
  error: unknown,
  record: Recipient | undefined,
): Outcome | Unsent {
  const code = deliveryFault(gateway, socket, error);
  return error instanceof NotPosted ? { record, code } : code;
}

async function lookUpAndDeliver(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: Recipient | undefined,
  poster: Poster,
): Promise<Outcome | Unsent> {
  let record = known;
  try {
    record ??= await gateway.registry.get(socket);
  } catch (error) {
    // A socket that could not be looked up was sent nothing.
    return { record: undefined, code: deliveryFault(gateway, socket, error) };
  }
  try {
    return await deliverToRecord(gateway, socket, body, record, poster);
  } catch (error) {
    return faultOutcome(gateway, socket, error, record);
  }
}

async function deliverToRecord(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  record: Recipient | undefined,
  poster: Poster,
): Promise<Outcome | Unsent> {
  switch (record?.status) {
    case undefined:
    case 'closing':
      return 'gone';
    case 'open':
      return outcomeOrUnsent(record, await poster(gateway, record, body));
    case 'opening':
    case 'accepted': {
      const appended = await gateway.registry.append(socket, body);
      if (appended !== 'open') return appended === 'full' ? 'outbox_full' : appended;
      return deliverToRecord(gateway, socket, body, await gateway.registry.get(socket), poster);
    }
  }
}
