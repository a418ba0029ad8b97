import type { Clock } from '../gateway/ports.ts';
import type { SocketRecord } from '../gateway/record.ts';
import type { Entry } from './record-index.ts';

/** Leases an entry for `forMs` milliseconds. Returns what its record says of it. */
export function lease(
  entry: Entry,
  forMs: number,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Pick<SocketRecord, 'leaseUntil'> {
  entry.leaseEnds = clock.monotonic() + forMs;
  return { leaseUntil: clock.now() + forMs };
}

/** Whether somebody holds the lease of an entry. */
export function isLeased({ record, leaseEnds }: Entry, clock: Pick<Clock, 'monotonic'>): boolean {
  return record.leaseUntil > 0 && leaseEnds > clock.monotonic();
}

/** A record with the end of its lease converted to the present time of day, since the clock may have been set. */
export function withLease(
  { record, leaseEnds }: Entry,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): SocketRecord {
  if (record.leaseUntil === 0) return record;
  const left = leaseEnds - clock.monotonic();
  return { ...record, leaseUntil: Math.round(clock.now() + left) };
}
