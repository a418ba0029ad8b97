import type { Send } from '../../wire/deliveries.ts';
import type { SendFailure } from '../../wire/send-failures.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { deliver } from './deliver.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import type { Journal } from './journal.ts';
import type { Outcome } from './outcome.ts';
import { retryForMs } from './post-to-connection.ts';

/** What came of a send: every socket that was named is in exactly one of these. */
export interface SendOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** Sends a message to given sockets. With a journal, those that have an outcome in it keep it. */
export async function send(
  gateway: Gateway,
  { sockets, malformed, body }: Send,
  journal?: Journal,
): Promise<SendOutcome> {
  const outcomes =
    journal === undefined
      ? await outcomesOf(gateway, sockets, body)
      : await journalled(gateway, sockets, body, journal);
  const gone = malformed.slice();
  const failed: { socket: string; code: SendFailure }[] = [];
  let [delivered, queued] = [0, 0];
  for (const socket of sockets) {
    const outcome = outcomes.get(socket) ?? 'post_failed';
    if (outcome === 'delivered') delivered += 1;
    else if (outcome === 'queued') queued += 1;
    else if (outcome === 'gone') gone.push(socket);
    else failed.push({ socket, code: outcome });
  }
  return { delivered, queued, gone, failed };
}

async function outcomesOf(
  gateway: Gateway,
  sockets: readonly SocketId[],
  body: string,
): Promise<ReadonlyMap<SocketId, Outcome>> {
  const [only] = sockets;
  if (only !== undefined && sockets.length === 1)
    return new Map([[only, await deliver(gateway, only, body)]]);
  const outcomes = new Map<SocketId, Outcome>();
  await deliverAll(gateway, sockets, { body, settle: (outcome, socket) => outcomes.set(socket, outcome) });
  return outcomes;
}

async function journalled(
  gateway: Gateway,
  sockets: readonly SocketId[],
  body: string,
  journal: Journal,
): Promise<ReadonlyMap<SocketId, Outcome>> {
  const left = sockets.filter((socket) => !journal.outcomes.has(socket));
  await deliverAll(gateway, left, { body, settle: (outcome, socket) => journal.settle(outcome, socket) });
  return journal.outcomes;
}

async function deliverAll(gateway: Gateway, sockets: readonly SocketId[], message: Message): Promise<void> {
  const dispatcher = new Dispatcher(gateway);
  await sendWith(dispatcher, message, sockets);
  await dispatcher.retry(retryForMs);
  dispatcher.giveUp();
}

/** Brings a message to given sockets. Returns the sockets that were not begun when the run ended. */
export async function sendWith(
  dispatcher: Dispatcher,
  message: Message,
  sockets: readonly SocketId[],
): Promise<readonly SocketId[]> {
  let begun = 0;
  for (const socket of sockets) {
    if (dispatcher.isOver) break;
    begun += 1;
    await dispatcher.begin(message, socket);
  }
  await dispatcher.settled();
  return sockets.slice(begun);
}
