import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { Soon } from '../soon.ts';
import { NotPosted } from './not-posted.ts';
import type { Outcome } from './outcome.ts';
import { post, postOnce, type Try } from './post.ts';

/** A message that can't be brought for now: nothing was sent, and it may be tried again. */
export interface Unsent {
  /** The record of its socket, if it was found. */
  readonly record: SocketRecord | undefined;
  /** What is said of it if it is given up. */
  readonly code: 'throttled' | 'post_failed';
}

/** How a message is posted to a socket that is open. */
type Poster = (gateway: Gateway, record: SocketRecord, body: string) => Soon<Try>;

/**
 * Brings one message to one socket: into the outbox while the client is still opening, so that nothing overtakes
 * what waits there, and to its connection once it is open. `known` saves reading a record that is at hand. A fault
 * of the world is an outcome too, so that every socket of a send has one.
 */
export function deliver(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known?: SocketRecord,
): Soon<Outcome> {
  const brought = bring(gateway, socket, body, known, post);
  return brought instanceof Promise ? brought.then(outcomeOf) : outcomeOf(brought);
}

/** The same, tried once. */
export function deliverOnce(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: SocketRecord | undefined,
): Soon<Outcome | Unsent> {
  return bring(gateway, socket, body, known, postOnce);
}

function outcomeOf(brought: Outcome | Unsent): Outcome {
  return typeof brought === 'string' ? brought : brought.code;
}

function bring(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: SocketRecord | undefined,
  poster: Poster,
): Soon<Outcome | Unsent> {
  if (known?.status !== 'open') return find(gateway, socket, body, known, poster);
  try {
    const tried = poster(gateway, known, body);
    return tried instanceof Promise ? judged(gateway, known, tried) : unlessLater(known, tried);
  } catch (error) {
    return failed(gateway, socket, error, known);
  }
}

async function judged(gateway: Gateway, record: SocketRecord, tried: Soon<Try>): Promise<Outcome | Unsent> {
  try {
    return unlessLater(record, await tried);
  } catch (error) {
    return failed(gateway, record.socket, error, record);
  }
}

function unlessLater(record: SocketRecord, tried: Try): Outcome | Unsent {
  return tried === 'later' ? { record, code: 'throttled' } : tried;
}

function faulty({ log }: Gateway, socket: SocketId, error: unknown): 'post_failed' {
  log.error('delivery_fault', { socket, why: String(error) });
  return 'post_failed';
}

function failed(
  gateway: Gateway,
  socket: SocketId,
  error: unknown,
  record: SocketRecord | undefined,
): Outcome | Unsent {
  const code = faulty(gateway, socket, error);
  return error instanceof NotPosted ? { record, code } : code;
}

async function find(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: SocketRecord | undefined,
  poster: Poster,
): Promise<Outcome | Unsent> {
  let record = known;
  try {
    record ??= await gateway.registry.get(socket);
  } catch (error) {
    // A socket that could not be looked up was sent nothing.
    return { record: undefined, code: faulty(gateway, socket, error) };
  }
  try {
    return await enter(gateway, socket, body, record, poster);
  } catch (error) {
    return failed(gateway, socket, error, record);
  }
}

async function enter(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  record: SocketRecord | undefined,
  poster: Poster,
): Promise<Outcome | Unsent> {
  switch (record?.status) {
    case undefined:
    case 'closing':
      return 'gone';
    case 'open':
      return unlessLater(record, await poster(gateway, record, body));
    case 'opening':
    case 'accepted': {
      const appended = await gateway.registry.append(socket, body);
      if (appended !== 'open') return appended === 'full' ? 'outbox_full' : appended;
      return enter(gateway, socket, body, await gateway.registry.get(socket), poster);
    }
  }
}
