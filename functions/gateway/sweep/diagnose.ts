import type { Gateway, Policy } from '../gateway.ts';
import { hashOf } from '../hash.ts';
import type { SocketRecord } from '../record.ts';

/** The repair that a sweep makes to a record. */
export type Repair =
  | 'none'
  /** Messages wait in its outbox, and no worker posts them. */
  | 'flush'
  /** Its closed hook is due, and no worker posts it. */
  | 'post_closed'
  /** The worker that ran its handshake has died. */
  | 'abandon'
  /** It is older than any connection can be, so its `$disconnect` never came. */
  | 'end'
  /** It is its turn to be probed. */
  | 'probe';

/** The moment of a sweep: milliseconds since 1970, and the whole minute that it is for. */
export interface Moment {
  readonly now: number;
  readonly minute: number;
}

/** The repair that a record needs. A worker that may still be busy with it gets time, so that nothing is done twice. */
export function diagnose(
  record: SocketRecord,
  moment: Moment,
  { settings, policy }: Pick<Gateway, 'settings' | 'policy'>,
): Repair {
  const { now } = moment;
  const isStale = (since: number): boolean => now - since >= policy.staleMs;
  switch (record.status) {
    case 'opening':
      return isStale(record.openedAt) ? 'abandon' : 'none';
    case 'closing':
      return record.leaseUntil <= now && isDue(record, isStale) ? 'post_closed' : 'none';
    case 'accepted':
      if (now - record.openedAt >= policy.lifeMs) return 'end';
      // The worker that postponed it comes when the pause is over, and then gets as much time as any worker.
      return isStale(Math.max(record.acceptedAt, record.leaseUntil)) ? 'flush' : 'none';
    case 'open':
      if (now - record.openedAt >= policy.lifeMs) return 'end';
      return isProbed(record, moment, settings.probeMinutes, policy) ? 'probe' : 'none';
  }
}

/** A hook that was tried is due when its pause is over. Else the worker that ended the socket may be about to queue it. */
function isDue(
  { attempts, leaseUntil, acceptedAt, openedAt, end }: SocketRecord,
  isStale: (since: number) => boolean,
) {
  // A closed hook that was held has been leased, and not tried.
  if (attempts > 0 || leaseUntil > 0) return true;
  // Until the app has decided, the closed hook is left to the handshake.
  return isStale(acceptedAt > 0 ? (end?.time ?? 0) : Math.max(openedAt, end?.time ?? 0));
}

/** Each socket has its minute. API Gateway answers 410 for a while after the handshake. */
function isProbed(
  { socket, acceptedAt }: SocketRecord,
  { now, minute }: Moment,
  probeMinutes: number,
  { goneGraceMs }: Policy,
): boolean {
  if (probeMinutes === 0 || now - acceptedAt < goneGraceMs) return false;
  return hashOf(socket) % probeMinutes === minute % probeMinutes;
}
