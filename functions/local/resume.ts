import type { Gateway } from '../gateway/gateway.ts';
import { wantsPresence } from '../gateway/presence-changes.ts';
import { closeCodes } from '../wire/close-codes.ts';
import type { KeptRecords } from './kept-records.ts';
import type { MemoryPresences } from './memory-presences.ts';
import type { MemoryRegistry } from './memory-registry.ts';
import type { PacedClosed } from './paced-closed.ts';
import type { PresenceQueue } from './presence-queue.ts';
import type { RetryQueue } from './retry-queue.ts';

/** The parts of a gateway that have something left to do at its start. */
interface Parts {
  readonly gateway: Gateway;
  readonly registry: Pick<MemoryRegistry, 'restore'>;
  readonly retries: Pick<RetryQueue, 'start'>;
  readonly closing: Pick<PacedClosed, 'owe' | 'wake'>;
  readonly kept: Pick<KeptRecords, 'load'> | undefined;
  readonly presences: Pick<MemoryPresences, 'load' | 'forget'>;
  readonly presenceQueue: Pick<PresenceQueue, 'wake'>;
}

/**
 * Goes on with what a process before this one has left. Each socket that it had open, or was opening, is owed its
 * closed hook: with 1006, unless it had ended before with another code.
 */
export async function resume(parts: Parts): Promise<void> {
  const { gateway, registry, retries, closing, kept, presences, presenceQueue } = parts;
  const { tasks, clock } = gateway;
  // Before any client can come, and before the closed hooks note departures.
  const isOn = wantsPresence(gateway);
  const present = isOn ? presences.load() : [];
  const died = { ...closeCodes.abnormal, time: clock.now() };
  const records = kept?.load() ?? [];
  for (const { record, place } of records) {
    const { end = died } = record;
    registry.restore({ record: { ...record, status: 'closing', end, leaseUntil: 0 }, place });
    closing.owe(record.socket);
  }
  // Before the closed hooks, which then wait behind the messages.
  retries.start();
  closing.wake();
  presenceQueue.wake();
  for (const { record } of records) await tasks.enqueue({ kind: 'closed', socket: record.socket });
  for (const each of present) await tasks.enqueue({ kind: 'presence', ...each });
  if (!isOn) await presences.forget();
}
