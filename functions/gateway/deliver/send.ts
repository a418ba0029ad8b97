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
  const gone: string[] = [...malformed];
  const failed: { socket: string; code: SendFailure }[] = [];
  const counts = { delivered: 0, queued: 0 };
  const outcomes = await fanOut(sockets, (socket) => deliver(gateway, socket, body));
  for (const [at, socket] of sockets.entries()) {
    const outcome = outcomes[at] ?? 'post_failed';
    if (outcome === 'delivered' || outcome === 'queued') counts[outcome]++;
    else if (outcome === 'gone') gone.push(socket);
    else failed.push({ socket, code: outcome });
  }
  return { ...counts, gone, failed };
}
