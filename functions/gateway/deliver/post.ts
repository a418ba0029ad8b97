import { closeCodes } from '../../wire/close-codes.ts';
import type { Gateway } from '../gateway.ts';
import type { Posted } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import { disconnect } from '../relay/disconnect.ts';
import type { Soon } from '../soon.ts';
import type { Outcome } from './outcome.ts';

/** How long a post is tried again, in milliseconds. */
const patienceMs = 10_000;

/** The least and the most that is waited before a post is tried again, in milliseconds. */
const pauseMs = { least: 20, most: 250 };

/**
 * Posts to the connection of a socket that was let in. Throttling is waited out with jitter, for a while and not beyond
 * the end of the run, after which nothing is posted. A connection that is said to be gone right after its handshake is
 * asked again, since API Gateway says so until `$connect` has returned; later it is believed, and the socket has ended.
 */
export function post(gateway: Gateway, record: SocketRecord, body: string): Soon<Outcome> {
  if (gateway.clock.monotonic() >= gateway.deadline) return 'throttled';
  const posted = gateway.connections.post(record.socket, body);
  const isDone = !(posted instanceof Promise) && posted.kind === 'posted';
  return isDone ? 'delivered' : persist(gateway, record, body, posted);
}

async function persist(
  gateway: Gateway,
  record: SocketRecord,
  body: string,
  first: Soon<Posted>,
): Promise<Outcome> {
  const { connections, clock } = gateway;
  const until = Math.min(clock.monotonic() + patienceMs, gateway.deadline);
  for (let posted = await first; ; posted = await connections.post(record.socket, body)) {
    switch (posted.kind) {
      case 'posted':
        return 'delivered';
      case 'ending':
        return 'gone';
      case 'failed':
        return posted.code;
      case 'throttled':
        break;
      case 'gone':
        if (await isGone(gateway, record)) return 'gone';
        break;
    }
    if (clock.monotonic() >= until) return 'throttled';
    await clock.sleep(pauseMs.least + clock.random() * (pauseMs.most - pauseMs.least));
    if (clock.monotonic() >= gateway.deadline) return 'throttled';
  }
}

async function isGone(gateway: Gateway, { socket, acceptedAt }: SocketRecord): Promise<boolean> {
  const { registry, clock, settings } = gateway;
  if (clock.now() - acceptedAt >= settings.disbeliefMs) {
    await disconnect(gateway, socket, closeCodes.abnormal);
    return true;
  }
  const record = await registry.get(socket);
  return record === undefined || record.status === 'closing';
}
