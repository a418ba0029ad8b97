import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const startMs = 20_000;

/** Resolves once something listens on a port of this machine. Rejects if that takes too long. */
export async function listening(port: number): Promise<void> {
  const deadline = Date.now() + startMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    if (Date.now() > deadline) throw new Error(`Nothing listens on port ${port}.`);
    await sleep(20);
  }
}
