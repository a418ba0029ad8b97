import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';

/**
 * A handshake has come to nothing, but the app may have accepted it: a closed hook is owed, with 1006 unless somebody
 * else has said how the socket ended.
 */
export async function abandonHandshake({ registry, tasks, clock }: Gateway, socket: SocketId): Promise<void> {
  const { code, reason } = closeCodes.abnormal;
  await registry.markClosing(socket, { code, reason, time: clock.now() });
  await tasks.enqueue({ kind: 'closed', socket });
}
