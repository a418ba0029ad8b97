import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { closeConnection } from '../end/close-connection.ts';
import type { Gateway } from '../gateway.ts';
import { tellPresenceOfEnded } from '../presence-changes.ts';
import type { SocketRecord } from '../record.ts';
import { attempted, keepDeadLetter } from './hook-failed.ts';
import { closedHook } from './hooks.ts';
import { removeRecord } from './late-messages.ts';
import { postOwedHook } from './post-hook-with-retries.ts';
import { postponeClosed } from './postpone-closed.ts';
import { runActions } from './run-actions.ts';

/**
 * Runs a `closed` task: posts the closed hook unless another worker holds the lease, and closes the connection if it
 * still exists.
 */
export async function closed(gateway: Gateway, socket: SocketId): Promise<void> {
  const record = await gateway.registry.lease(socket, 'closing', gateway.policy.leaseMs);
  if (record === undefined) return;
  const ended = closeConnection(gateway, socket, hookId('closed', socket));
  try {
    await postClosedHook(gateway, record);
  } finally {
    await ended;
  }
}

/**
 * Posts the closed hook of a record whose lease the caller holds. The record is the proof that the hook is owed: it is
 * removed once the app has answered and the actions of the answer have begun. Until then, the next worker that finds
 * the lease expired tries again.
 */
export async function postClosedHook(gateway: Gateway, record: SocketRecord): Promise<void> {
  if (record.end === undefined) return;
  await tellPresenceOfEnded(gateway, record);
  if (!gateway.settings.hooks.has('closed')) return removeRecord(gateway, record);
  const hook = closedHook(record, record.end);
  const answer = await postOwedHook(gateway, hook, record.attempts > 1);
  if (answer.kind === 'failed') return postponeClosed(gateway, record, hook, answer);
  // The letter comes before the record is removed, so that one of them always has the hook.
  if (answer.kind === 'refused') await keepDeadLetter(gateway, attempted(record, hook), answer);
  if (answer.kind === 'accepted') await runActions(gateway, hook, answer.actions, record);
  await removeRecord(gateway, record);
}
