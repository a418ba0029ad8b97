import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { act } from './act.ts';
import { closedHook } from './hooks.ts';
import { insist } from './insist.ts';

/**
 * Tells the app that a socket has ended. The record is the outbox: under a lease the hook is posted, then the
 * record goes, and then what the app's answer asks for is done.
 */
export async function closed(gateway: Gateway, socket: SocketId): Promise<void> {
  const { registry, settings } = gateway;
  const record = await registry.lease(socket, 'closing', settings.leaseMs);
  if (record?.end === undefined) return;
  if (!settings.hooks.has('closed')) return registry.remove(socket);
  const hook = closedHook(record, record.end);
  const answer = await insist(gateway, hook);
  await registry.remove(socket);
  if (answer.kind === 'accepted') await act(gateway, hook, answer.actions, record);
}
