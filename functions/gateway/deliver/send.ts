import type { Send } from '../../wire/deliveries.ts';
import type { SendFailure } from '../../wire/send-failures.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { deliver } from './deliver.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import type { Outcome } from './outcome.ts';
import { retryForMs } from './post-to-connection.ts';

/** What came of a send: every socket that was named is in exactly one of these. */
export interface SendOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** Sends a message to given sockets. */
export async function send(gateway: Gateway, { sockets, malformed, body }: Send): Promise<SendOutcome> {
  const outcomes = await outcomesOf(gateway, sockets, body);
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
  const message: Message = { body, settle: (outcome, socket) => outcomes.set(socket, outcome) };
  const dispatcher = new Dispatcher(gateway);
  await sendWith(dispatcher, message, sockets);
  await dispatcher.retry(retryForMs);
  dispatcher.giveUp();
  return outcomes;
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
