import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { fanOut } from '../deliver/fan-out.ts';
import { abandonHandshake } from '../end/abandon-handshake.ts';
import { endSocket } from '../end/end-socket.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { diagnose, type Repair } from './diagnose.ts';
import { probe } from './probe.ts';

/** The part of a run that is reserved for probing, in milliseconds, however many records there are. */
const probingMs = 15_000;

/**
 * Looks at all records once. Unfinished work of a worker that died goes to another worker, sockets that are too old are
 * ended, and those whose turn it is this minute (minutes since 1970) are probed. A sweep queues tasks and never waits for
 * the app.
 */
export async function sweep(gateway: Gateway, minute: number): Promise<void> {
  const { registry, clock, log } = gateway;
  const moment = { now: clock.now(), minute };
  const probed: SocketId[] = [];
  for await (const page of registry.survey()) {
    const broken = page.flatMap((record) => {
      const repair = diagnose(record, moment, gateway);
      if (repair === 'probe') probed.push(record.socket);
      return repair === 'none' || repair === 'probe' ? [] : [{ record, repair }];
    });
    await fanOut(broken, (one) => tryRepair(gateway, one.record, one.repair));
    if (clock.monotonic() < gateway.deadline - probingMs) continue;
    log.warn('sweep_unfinished', {});
    break;
  }
  await probe(gateway, probed);
}

async function tryRepair(
  gateway: Gateway,
  { socket, status }: SocketRecord,
  repair: Exclude<Repair, 'none' | 'probe'>,
): Promise<void> {
  gateway.log.info('swept', { socket, status, repair });
  try {
    await applyRepair(gateway, socket, repair);
  } catch (error) {
    gateway.log.error('fault', { request: `sweep_${socket}`, why: String(error) });
  }
}

async function applyRepair(
  gateway: Gateway,
  socket: SocketId,
  repair: Exclude<Repair, 'none' | 'probe'>,
): Promise<void> {
  switch (repair) {
    case 'flush':
      return gateway.tasks.enqueue({ kind: 'flush', socket });
    case 'post_closed':
      return gateway.tasks.enqueue({ kind: 'closed', socket });
    case 'abandon': {
      // The survey may lag behind. The socket may be open by now, and must not be ended.
      const record = await gateway.registry.get(socket);
      if (record?.status === 'opening') await abandonHandshake(gateway, socket);
      return;
    }
    case 'end':
      await endSocket(gateway, socket, closeCodes.abnormal);
  }
}
