import { type BroadcastId, broadcastIdOf } from '../../wire/broadcast-id.ts';
import type { Broadcast } from '../../wire/deliveries.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { RecordPage } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import type { TaskBroadcast } from '../tasks.ts';
import { audienceOf, outOfTime } from './audience.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import { handOver } from './hand-over.ts';
import type { Journal } from './journal.ts';
import type { Outcome } from './outcome.ts';
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

/** A broadcast that goes on after its call. */
export interface HandedOver {
  readonly id: BroadcastId | 'full';
}

/**
 * Sends a message to every socket, the sender's included, or to those of a path, a user and a group, less those
 * excepted. A broadcast to more sockets than fit in a call is handed over to workers. `source` is the id of the call.
 * Where a small one has to stop, since the run is over or the sockets can't be looked up, the outcome tells what was
 * done so far. With a journal, sockets that have an outcome in it are counted and not posted to again. If it turns out
 * to be large, its workers leave them out.
 */
export async function broadcast(
  gateway: Gateway,
  source: string,
  asked: Broadcast,
  journal?: Journal,
): Promise<BroadcastOutcome | HandedOver> {
  const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };
  const left = journal === undefined || journal.outcomes.size === 0 ? asked : resume(asked, journal, counts);
  if (journal?.isResumed && (await isHandedOver(gateway, source)))
    return { id: await handOver(gateway, source, left) };
  const message: Message = {
    body: asked.body,
    settle: (outcome, socket) => {
      count(counts, outcome);
      journal?.settle(outcome, socket);
    },
  };
  const dispatcher = new Dispatcher(gateway);
  const audience = await audienceOf(gateway, dispatcher, left);
  if (audience === 'large') return { id: await handOver(gateway, source, left) };
  const begun = await beginAll(dispatcher, message, audience.records);
  await dispatcher.settled();
  await dispatcher.retry(retryForMs);
  dispatcher.giveUp();
  const why = audience.missing?.why ?? (begun < audience.records.length ? outOfTime : undefined);
  if (why === undefined) return counts;
  gateway.log.error('broadcast_unfinished', { ...counts, why });
  return { ...counts, unfinished: true };
}

type Counts = Record<'delivered' | 'queued' | 'gone' | 'failed', number>;

function count(counts: Counts, outcome: Outcome): void {
  counts[outcome === 'delivered' || outcome === 'queued' || outcome === 'gone' ? outcome : 'failed'] += 1;
}

/** Counts what an interrupted run has done, and leaves out its sockets. */
function resume(asked: Broadcast, { outcomes }: Journal, counts: Counts): Broadcast {
  for (const outcome of outcomes.values()) count(counts, outcome);
  return { ...asked, except: [...asked.except, ...outcomes.keys()] };
}

/** Whether an interrupted run has handed the broadcast over. By now there may be few enough sockets for a call. */
async function isHandedOver({ broadcasts }: Gateway, source: string): Promise<boolean> {
  return (await broadcasts.get(broadcastIdOf(source))) !== undefined;
}

/** Where a broadcast stopped: sockets that were looked up and not begun, and the rest behind them, if there is one. */
export interface Stop {
  readonly sockets: readonly SocketId[];
  readonly rest: readonly TaskBroadcast[];
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
  one: TaskBroadcast,
): Promise<Stop | undefined> {
  const { path, user, group } = one;
  const excluded = new Set(one.except);
  let pages: AsyncIterator<RecordPage> | undefined;
  let from = one.from;
  try {
    pages = registry.pages({ path, user, group }, from)[Symbol.asyncIterator]();
    for (;;) {
      const page = await dispatcher.inTime(pages.next());
      if (page === undefined) return { sockets: [], rest: [{ ...one, from }], why: outOfTime };
      if (page.done === true) return undefined;
      const { records, next } = page.value;
      const targets = excluded.size === 0 ? records : records.filter(({ socket }) => !excluded.has(socket));
      const begun = await beginAll(dispatcher, message, targets);
      from = next;
      if (begun === targets.length) continue;
      const sockets = targets.slice(begun).map(({ socket }) => socket);
      return { sockets, rest: [{ ...one, from }], why: outOfTime };
    }
  } catch (error) {
    return { sockets: [], rest: [{ ...one, from }], why: String(error) };
  } finally {
    // It ends when its lookup does, and nobody waits for that.
    pages?.return?.().catch(() => undefined);
    await dispatcher.settled();
  }
}

/** Returns how many were begun before the run was over. */
export async function beginAll(
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
