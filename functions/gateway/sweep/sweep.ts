import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { fanOut } from '../deliver/fan-out.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { abandon } from '../relay/abandon.ts';
import { disconnect } from '../relay/disconnect.ts';
import { probe } from './probe.ts';
import { type Remedy, remedyFor } from './remedy.ts';

/** What is kept of a run for probing, however many records there are, in milliseconds. */
const probingMs = 15_000;

/**
 * Looks after all records once: what a worker that died has left is given to another, sockets whose end nobody told
 * are ended, and those whose turn it is this minute (minutes since 1970) are probed. What is long is queued, so the
 * app is never waited for.
 */
export async function sweep(gateway: Gateway, minute: number): Promise<void> {
  const { registry, clock, log, settings } = gateway;
  const moment = { now: clock.now(), minute };
  const probed: SocketId[] = [];
  for await (const page of registry.survey()) {
    const ailing = page.flatMap((record) => {
      const remedy = remedyFor(record, moment, settings);
      if (remedy === 'probe') probed.push(record.socket);
      return remedy === 'none' || remedy === 'probe' ? [] : [{ record, remedy }];
    });
    await fanOut(ailing, (one) => mend(gateway, one.record, one.remedy));
    if (clock.monotonic() < gateway.deadline - probingMs) continue;
    log.warn('sweep_unfinished', {});
    break;
  }
  await probe(gateway, probed);
}

async function mend(
  gateway: Gateway,
  { socket, status }: SocketRecord,
  remedy: Exclude<Remedy, 'none' | 'probe'>,
): Promise<void> {
  gateway.log.info('swept', { socket, status, remedy });
  try {
    await treat(gateway, socket, remedy);
  } catch (error) {
    gateway.log.error('fault', { request: `sweep_${socket}`, why: String(error) });
  }
}

async function treat(
  gateway: Gateway,
  socket: SocketId,
  remedy: Exclude<Remedy, 'none' | 'probe'>,
): Promise<void> {
  switch (remedy) {
    case 'flush':
      return gateway.later.queue({ kind: 'flush', socket });
    case 'tell':
      return gateway.later.queue({ kind: 'closed', socket });
    case 'abandon': {
      // The survey may lag behind, and its end would be told of a socket that is open by now.
      const record = await gateway.registry.get(socket);
      if (record?.status === 'opening') await abandon(gateway, socket);
      return;
    }
    case 'end':
      await disconnect(gateway, socket, closeCodes.abnormal);
  }
}
