import { closeCodes } from '../../wire/close-codes.ts';
import type { Hook } from '../../wire/hook.ts';
import { byteLength } from '../../wire/printable.ts';
import { closeSocket } from '../end/close-socket.ts';
import type { Gateway } from '../gateway.ts';
import { waitAtMost } from './wait-at-most.ts';

/** What a message takes besides its text, in bytes, as it counts wherever it waits. */
const overhead = 256;

/** How long after its deadline a run still counts, in milliseconds. The function of messages is killed after 7 s. */
const lateMs = 5_000;

/**
 * The first attempt of a message failed, and its hook is kept. One client must not fill the queue of retries or the
 * dead letters: a socket whose messages exceed the limit is closed with 1013. Never rejects, since the hook is safe. A
 * run that is about to be killed does not wait for it: it might come again, and keep the hook twice.
 */
export async function countFailed(gateway: Gateway, { id: request, socket, body }: Hook): Promise<void> {
  const { registry, clock, deadline, log } = gateway;
  const left = deadline + lateMs - clock.monotonic();
  if (left <= 0) return;
  try {
    const counting = registry.countFailed(socket, byteLength(body) + overhead);
    const counted = await waitAtMost(clock, left, counting);
    if (counted !== 'full') return;
    const why = 'its messages that failed have 16 MiB';
    log.warn('socket_overloaded', { request, socket, why });
    await closeSocket(gateway, socket, closeCodes.overloaded);
  } catch (error) {
    log.error('fault', { request, why: String(error) });
  }
}
