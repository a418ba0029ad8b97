import { changeKnown, getKnown } from './call.ts';
import { ArgumentError } from './errors.ts';
import type { BroadcastProgress } from './outcomes.ts';
import { readBroadcastProgress } from './read-outcomes.ts';

/**
 * How far a broadcast is that `broadcastMessage` gave an id for. Resolves to undefined if no such broadcast is known:
 * they are kept for a day. Rejects as `sendMessage`.
 */
export async function getBroadcast(broadcast: string): Promise<BroadcastProgress | undefined> {
  const known = await getKnown(pathOf(broadcast), 'unknown_broadcast');
  return known.isKnown ? readBroadcastProgress(known.answer) : undefined;
}

/**
 * Cancels what a broadcast has not posted yet. Resolves to false if no such broadcast is known. One that is done stays
 * as it is. Rejects as `sendMessage`.
 */
export async function cancelBroadcast(broadcast: string): Promise<boolean> {
  return changeKnown('DELETE', pathOf(broadcast), { done: 204, unknown: 'unknown_broadcast' });
}

function pathOf(broadcast: string): string {
  if (typeof broadcast !== 'string' || broadcast === '')
    throw new ArgumentError('broadcast', 'must be the id that broadcastMessage resolved to');
  return `/broadcasts/${encodeURIComponent(broadcast)}`;
}
