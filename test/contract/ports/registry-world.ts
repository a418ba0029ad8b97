import { noGroupChange } from '../../../functions/gateway/group-change.ts';
import type { Clock, Registry } from '../../../functions/gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord, SocketStatus } from '../../../functions/gateway/record.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aRecord } from '../../fakes/a-record.ts';

export const acceptance: Acceptance = {
  user: 'alice',
  state: 'new',
  acceptedAt: 1_764_000_000_100,
  groups: noGroupChange,
};
export const end: SocketEnd = { code: 3001, reason: 'bye', time: 1_764_000_000_200 };

/** Where a socket may stand when a call comes: a status, with or without messages that wait, or unknown. */
export type Standing = SocketStatus | 'opening, messages wait' | 'unknown';

/** Brings a new socket to a standing by the registry's own calls. Two messages wait for an `accepted` one. */
export async function bring(
  registry: Registry,
  standing: Standing,
  given: Partial<SocketRecord> = {},
): Promise<SocketId> {
  const record = aRecord(given);
  const { socket } = record;
  if (standing === 'unknown') return socket;
  await registry.put(record);
  if (standing === 'opening, messages wait' || standing === 'accepted') {
    await registry.append(socket, 'first');
    await registry.append(socket, 'second');
  }
  const accepted = { ...acceptance, user: given.user ?? acceptance.user };
  if (standing === 'accepted') await registry.accept(socket, accepted, 'accepted');
  if (standing === 'open' || standing === 'closing') await registry.accept(socket, accepted, 'open');
  if (standing === 'closing') await registry.markEnded(socket, end);
  return socket;
}

/** Makes twenty calls at once. */
export function twentyTimes<Value>(call: (at: number) => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: 20 }, (_, at) => call(at)));
}

/** Makes a registry without a record, whose leases go by this clock. */
export type MakeRegistry = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<Registry>;
