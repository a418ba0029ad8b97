import { closeCodes } from '../../wire/close-codes.ts';
import { endSocket } from '../end/end-socket.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Posted } from '../ports.ts';
import type { Recipient } from '../record.ts';
import type { Outcome } from './outcome.ts';

/** How long a throttled post is retried, in milliseconds. */
export const retryForMs = 10_000;

/** The shortest and the longest pause before a retry, in milliseconds. */
const pauseMs = { min: 20, max: 250 };

/**
 * Posts to the connection of an accepted socket. Throttling is waited out with jitter, for a while, but not after the end
 * of the run. A 410 right after the handshake is retried, since API Gateway returns it until `$connect` has returned.
 * A later 410 ends the socket.
 */
export function postToConnection(gateway: Gateway, record: Recipient, body: string): MaybePromise<Outcome> {
  const first = postToConnectionOnce(gateway, record, body);
  return first instanceof Promise || first === 'retry'
    ? retryPostToConnection(gateway, record, body, first)
    : first;
}

/** The outcome of one attempt. `retry`: nothing was posted, and another attempt may succeed. */
export type AttemptOutcome = Outcome | 'retry';

/** Posts to the connection of an accepted socket, once, unless the run is over. */
export function postToConnectionOnce(
  gateway: Gateway,
  record: Recipient,
  body: string,
): MaybePromise<AttemptOutcome> {
  const { deadline } = gateway;
  // A broadcast comes here once for each socket, and asks no clock where there is no deadline.
  if (deadline !== Number.POSITIVE_INFINITY && gateway.clock.monotonic() >= deadline) return 'retry';
  const posted = gateway.connections.post(record.socket, body, deadline);
  if (posted instanceof Promise) return outcomeOfPromise(gateway, record, posted);
  return posted.kind === 'posted' ? 'delivered' : outcomeOf(gateway, record, posted);
}

async function outcomeOfPromise(
  gateway: Gateway,
  record: Recipient,
  posted: Promise<Posted>,
): Promise<AttemptOutcome> {
  return outcomeOf(gateway, record, await posted);
}

function outcomeOf(gateway: Gateway, record: Recipient, posted: Posted): MaybePromise<AttemptOutcome> {
  switch (posted.kind) {
    case 'posted':
      return 'delivered';
    case 'ending':
      return 'gone';
    case 'failed':
      return posted.code;
    case 'throttled':
      return 'retry';
    case 'gone':
      return confirmGone(gateway, record);
  }
}

async function retryPostToConnection(
  gateway: Gateway,
  record: Recipient,
  body: string,
  first: MaybePromise<AttemptOutcome>,
): Promise<Outcome> {
  const { clock } = gateway;
  const until = Math.min(clock.monotonic() + retryForMs, gateway.deadline);
  for (let attempt = await first; ; attempt = await postToConnectionOnce(gateway, record, body)) {
    if (attempt !== 'retry') return attempt;
    if (clock.monotonic() >= until) return 'throttled';
    await clock.sleep(pauseMs.min + clock.random() * (pauseMs.max - pauseMs.min));
    if (clock.monotonic() >= gateway.deadline) return 'throttled';
  }
}

async function confirmGone(gateway: Gateway, { socket, acceptedAt }: Recipient): Promise<'gone' | 'retry'> {
  const { registry, clock, policy } = gateway;
  if (clock.now() - acceptedAt >= policy.goneGraceMs) {
    await endSocket(gateway, socket, closeCodes.abnormal);
    return 'gone';
  }
  const record = await registry.get(socket);
  return record === undefined || record.status === 'closing' ? 'gone' : 'retry';
}
