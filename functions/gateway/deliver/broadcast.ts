import type { Broadcast } from '../../wire/deliveries.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { RecordPage, TaskBroadcast } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import { retryForMs } from './post-to-connection.ts';

/** What came of a broadcast, in sockets. */
export interface BroadcastOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
  /** There if not every socket was looked up, and those that were not are not counted. */
  readonly unfinished?: true;
}

/**
 * Sends a message to every socket, the sender's included, or to those of a path, a user and a group, less those excepted. Where
 * it has to stop, since the run is over or the sockets can't be looked up, it says what came of it so far.
 */
export async function broadcast(gateway: Gateway, asked: Broadcast): Promise<BroadcastOutcome> {
  const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };
  const message: Message = {
    body: asked.body,
    settle: (outcome) => {
      counts[outcome === 'delivered' || outcome === 'queued' || outcome === 'gone' ? outcome : 'failed']++;
    },
  };
  const dispatcher = new Dispatcher(gateway);
  const stop = await broadcastWith(gateway, dispatcher, message, asked);
  await dispatcher.retry(retryForMs);
  dispatcher.giveUp();
  if (stop === undefined) return counts;
  gateway.log.error('broadcast_unfinished', { ...counts, why: stop.why });
  return { ...counts, unfinished: true };
}

/** Why a broadcast stopped that could go on. */
const outOfTime = 'no time is left';

/** Where a broadcast stopped: sockets that were looked up and not begun, and where it goes on behind them. */
export interface Stop {
  readonly sockets: readonly SocketId[];
  readonly from: string | undefined;
  readonly why: string;
}

/**
 * Brings a message to the sockets of a broadcast. Returns where it stopped, if it did. A lookup that is not done when
 * the run is over is waited for no longer: what was delivered has to be told, or queued, before the run is cut off.
 */
export async function broadcastWith(
  { registry }: Gateway,
  dispatcher: Dispatcher,
  message: Message,
  { except, path, user, group, from }: TaskBroadcast,
): Promise<Stop | undefined> {
  const excluded = new Set(except);
  let pages: AsyncIterator<RecordPage> | undefined;
  let position = from;
  try {
    pages = registry.pages({ path, user, group }, from)[Symbol.asyncIterator]();
    for (;;) {
      const page = await dispatcher.inTime(pages.next());
      if (page === undefined) return { sockets: [], from: position, why: outOfTime };
      if (page.done === true) return undefined;
      const { records, next } = page.value;
      const targets = excluded.size === 0 ? records : records.filter(({ socket }) => !excluded.has(socket));
      const begun = await beginAll(dispatcher, message, targets);
      position = next;
      if (begun === targets.length) continue;
      const sockets = targets.slice(begun).map(({ socket }) => socket);
      return { sockets, from: next, why: outOfTime };
    }
  } catch (error) {
    return { sockets: [], from: position, why: String(error) };
  } finally {
    // It ends when its lookup does, and nobody waits for that.
    pages?.return?.().catch(() => undefined);
    await dispatcher.settled();
  }
}

/** Returns how many were begun before the run was over. */
async function beginAll(
  dispatcher: Dispatcher,
  message: Message,
  records: readonly SocketRecord[],
): Promise<number> {
  let begun = 0;
  for (const record of records) {
    if (dispatcher.isOver) break;
    begun += 1;
    const room = dispatcher.begin(message, record.socket, record);
    if (room !== undefined) await room;
  }
  return begun;
}
