import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { fanOut } from '../deliver/fan-out.ts';
import { endSocket } from '../end/end-socket.ts';
import type { Gateway } from '../gateway.ts';

/** So many connections are asked about at once, and then there is a pause in milliseconds: 100 a second at most. */
const pace = { atOnce: 20, pauseMs: 200 };

/**
 * Asks of each socket whether its connection still exists, and ends those whose does not, with 1006. API Gateway
 * counts these calls against the same limit as the app's own sends, so they are paced. What can't be asked before
 * the deadline is left out, and which sockets these are is left to chance.
 */
export async function probe(gateway: Gateway, sockets: readonly SocketId[]): Promise<void> {
  const { clock, log } = gateway;
  const start = Math.floor(clock.random() * sockets.length);
  const order = [...sockets.slice(start), ...sockets.slice(0, start)];
  for (let at = 0; at < order.length; at += pace.atOnce) {
    if (at > 0) await clock.sleep(pace.pauseMs);
    if (clock.monotonic() >= gateway.deadline) {
      log.warn('probes_left_out', { left: order.length - at });
      return;
    }
    await fanOut(order.slice(at, at + pace.atOnce), (socket) => probeOne(gateway, socket));
  }
}

async function probeOne(gateway: Gateway, socket: SocketId): Promise<void> {
  try {
    if (await gateway.connections.has(socket)) return;
    await endSocket(gateway, socket, closeCodes.abnormal);
  } catch (error) {
    gateway.log.error('fault', { request: `probe_${socket}`, why: String(error) });
  }
}
