import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { fanOut } from '../deliver/fan-out.ts';
import { endSocket } from '../end/end-socket.ts';
import type { Gateway } from '../gateway.ts';

/** How many connections are probed at once, and the pause after them in milliseconds: at most 100 a second. */
const pace = { atOnce: 20, pauseMs: 200 };

/**
 * Probes each socket, and ends it with 1006 if its connection no longer exists. API Gateway counts these calls against
 * the same limit as the app's own sends, so they are paced. If the deadline leaves no time for all, chance decides which
 * sockets are left out.
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
