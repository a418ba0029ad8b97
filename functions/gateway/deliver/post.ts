import { closeCodes } from '../../wire/close-codes.ts';
import type { Gateway } from '../gateway.ts';
import type { Posted } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import { disconnect } from '../relay/disconnect.ts';
import type { Soon } from '../soon.ts';
import type { Outcome } from './outcome.ts';

/** How long a post is tried again, in milliseconds. */
export const patienceMs = 10_000;

/** The least and the most that is waited before a post is tried again, in milliseconds. */
const pauseMs = { least: 20, most: 250 };

/**
 * Posts to the connection of a socket that was let in. Throttling is waited out with jitter, for a while and not beyond
 * the end of the run, after which nothing is posted. A connection that is said to be gone right after its handshake is
 * asked again, since API Gateway says so until `$connect` has returned; later it is believed, and the socket has ended.
 */
export function post(gateway: Gateway, record: SocketRecord, body: string): Soon<Outcome> {
  const first = postOnce(gateway, record, body);
  return first instanceof Promise || first === 'later' ? persist(gateway, record, body, first) : first;
}

/** What came of one try. `later`: nothing was posted, and it may be in a moment. */
export type Try = Outcome | 'later';

/** Posts to the connection of a socket that was let in, once, unless the run is over. */
export function postOnce(gateway: Gateway, record: SocketRecord, body: string): Soon<Try> {
  if (gateway.clock.monotonic() >= gateway.deadline) return 'later';
  const posted = gateway.connections.post(record.socket, body, gateway.deadline);
  if (posted instanceof Promise) return judgeSoon(gateway, record, posted);
  return posted.kind === 'posted' ? 'delivered' : judge(gateway, record, posted);
}

async function judgeSoon(gateway: Gateway, record: SocketRecord, posted: Promise<Posted>): Promise<Try> {
  return judge(gateway, record, await posted);
}

function judge(gateway: Gateway, record: SocketRecord, posted: Posted): Soon<Try> {
  switch (posted.kind) {
    case 'posted':
      return 'delivered';
    case 'ending':
      return 'gone';
    case 'failed':
      return posted.code;
    case 'throttled':
      return 'later';
    case 'gone':
      return believed(gateway, record);
  }
}

async function persist(
  gateway: Gateway,
  record: SocketRecord,
  body: string,
  first: Soon<Try>,
): Promise<Outcome> {
  const { clock } = gateway;
  const until = Math.min(clock.monotonic() + patienceMs, gateway.deadline);
  for (let tried = await first; ; tried = await postOnce(gateway, record, body)) {
    if (tried !== 'later') return tried;
    if (clock.monotonic() >= until) return 'throttled';
    await clock.sleep(pauseMs.least + clock.random() * (pauseMs.most - pauseMs.least));
    if (clock.monotonic() >= gateway.deadline) return 'throttled';
  }
}

async function believed(gateway: Gateway, { socket, acceptedAt }: SocketRecord): Promise<'gone' | 'later'> {
  const { registry, clock, settings } = gateway;
  if (clock.now() - acceptedAt >= settings.disbeliefMs) {
    await disconnect(gateway, socket, closeCodes.abnormal);
    return 'gone';
  }
  const record = await registry.get(socket);
  return record === undefined || record.status === 'closing' ? 'gone' : 'later';
}
