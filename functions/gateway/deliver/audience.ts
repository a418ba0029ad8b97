import type { Broadcast } from '../../wire/deliveries.ts';
import { limits } from '../../wire/limits.ts';
import type { Gateway } from '../gateway.ts';
import type { RecordPage } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Why a broadcast stopped that could go on. */
export const outOfTime = 'no time is left';

/**
 * So many sockets show that a broadcast is not done within its call. Full pages of them, of 1 MB each, took a second of
 * CPU, which is seven seconds for a function of 256 MB.
 */
const enough = limits.broadcastInCall + 1;

/** The sockets of a broadcast that is done within its call. */
export interface Audience {
  readonly records: readonly SocketRecord[];
  /** Why there may be more of them, and where they go on: the `next` of a page. */
  readonly missing?: { readonly why: string; readonly from: string | undefined };
}

/**
 * Looks up the sockets of a broadcast, as long as they are few enough for one call. A lookup that is not done when the
 * run is over is not waited for.
 */
export async function audienceOf(
  { registry }: Gateway,
  dispatcher: Dispatcher,
  { except, path, user, group }: Broadcast,
): Promise<Audience | 'large'> {
  const excluded = new Set(except);
  const records: SocketRecord[] = [];
  let pages: AsyncIterator<RecordPage> | undefined;
  let from: string | undefined;
  try {
    pages = registry.pages({ path, user, group }, from, enough)[Symbol.asyncIterator]();
    for (;;) {
      const page = await dispatcher.inTime(pages.next());
      if (page === undefined) return { records, missing: { why: outOfTime, from } };
      if (page.done === true) return { records };
      for (const record of page.value.records) if (!excluded.has(record.socket)) records.push(record);
      if (records.length > limits.broadcastInCall) return 'large';
      from = page.value.next;
    }
  } catch (error) {
    return { records, missing: { why: String(error), from } };
  } finally {
    // It ends when its lookup does, and nobody waits for that.
    pages?.return?.().catch(() => undefined);
  }
}
