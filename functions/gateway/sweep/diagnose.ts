import type { Gateway, Policy } from '../gateway.ts';
import { hashOf } from '../hash.ts';
import type { SocketRecord } from '../record.ts';

/** What the sweep has to do about a record. */
export type Repair =
  | 'none'
  /** Its messages wait, and nobody posts them. */
  | 'flush'
  /** Its closed hook is due, and nobody posts it. */
  | 'post_closed'
  /** Whoever asked the app about it has died. */
  | 'abandon'
  /** It is older than any connection, so its end was not told. */
  | 'end'
  /** It is its turn to be asked whether its connection still exists. */
  | 'probe';

/** The moment of a sweep: milliseconds since 1970, and the whole minute that it is for. */
export interface Moment {
  readonly now: number;
  readonly minute: number;
}

/** What a record needs at a moment. A worker that may still be at it is given time, so that nothing is done twice. */
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
      // Whoever put it off comes when the pause is over, and is given the time of any worker after that.
      return isStale(Math.max(record.acceptedAt, record.leaseUntil)) ? 'flush' : 'none';
    case 'open':
      if (now - record.openedAt >= policy.lifeMs) return 'end';
      return isProbed(record, moment, settings.probeMinutes, policy) ? 'probe' : 'none';
  }
}

/** A hook that was tried is due when its pause is over; else whoever ended the socket may be about to queue it. */
function isDue({ attempts, acceptedAt, openedAt, end }: SocketRecord, isStale: (since: number) => boolean) {
  if (attempts > 0) return true;
  // Until the app has decided, the end of a socket is the handshake's to tell.
  return isStale(acceptedAt > 0 ? (end?.time ?? 0) : Math.max(openedAt, end?.time ?? 0));
}

/** Every socket has its minute. API Gateway: a connection is said to be gone for a while after its handshake. */
function isProbed(
  { socket, acceptedAt }: SocketRecord,
  { now, minute }: Moment,
  probeMinutes: number,
  { goneGraceMs }: Policy,
): boolean {
  if (probeMinutes === 0 || now - acceptedAt < goneGraceMs) return false;
  return hashOf(socket) % probeMinutes === minute % probeMinutes;
}
