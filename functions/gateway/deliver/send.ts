import type { Send } from '../../wire/deliveries.ts';
import type { SendFailure } from '../../wire/send-failures.ts';
import type { Gateway } from '../gateway.ts';
import { deliver } from './deliver.ts';
import { fanOut } from './fan-out.ts';

/** What came of a send: every socket that was named is in exactly one of these. */
export interface SendOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** Sends a message to given sockets. */
export async function send(gateway: Gateway, { sockets, malformed, body }: Send): Promise<SendOutcome> {
  const outcomes = await fanOut(sockets, (socket) => deliver(gateway, socket, body));
  const gone = malformed.slice();
  const failed: { socket: string; code: SendFailure }[] = [];
  let [delivered, queued] = [0, 0];
  for (const [at, socket] of sockets.entries()) {
    const outcome = outcomes[at] ?? 'post_failed';
    if (outcome === 'delivered') delivered += 1;
    else if (outcome === 'queued') queued += 1;
    else if (outcome === 'gone') gone.push(socket);
    else failed.push({ socket, code: outcome });
  }
  return { delivered, queued, gone, failed };
}
