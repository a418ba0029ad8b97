import type { Actions } from '../../wire/actions.ts';
import { hookId } from '../../wire/hook.ts';
import { problem } from '../../wire/problems.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { HandshakeOutcome } from './connect-request.ts';

/**
 * Opens a socket whose handshake the app accepted. The reply joins the messages that wait for the client, and if
 * any wait, the flush is queued before the record says so, so that a crash in between leaves it to be done. What
 * else the app asked for is done once the client is in.
 */
export async function acceptHandshake(
  gateway: Gateway,
  record: SocketRecord,
  actions: Actions,
): Promise<HandshakeOutcome> {
  const { registry, tasks, clock, log } = gateway;
  const { socket } = record;
  const hook = hookId('handshake', socket);
  const { reply, user = record.user, state = '', send, broadcast, subprotocol } = actions;
  if (reply !== undefined && (await registry.append(socket, reply)) === 'full') {
    log.warn('action_failed', { request: hook, action: 'reply', code: 'outbox_full' });
  }
  const acceptance = { user, state, acceptedAt: clock.now() };
  let accepted = await registry.accept(socket, acceptance, 'open');
  if (accepted === 'waiting') {
    await tasks.enqueue({ kind: 'flush', socket });
    accepted = await registry.accept(socket, acceptance, 'accepted');
  }
  if (accepted === 'gone') {
    // Its end came while the app was being asked, and could not be told before the app had decided.
    await tasks.enqueue({ kind: 'closed', socket });
    return { kind: 'refused', problem: problem('closed_by_app') };
  }
  if (send.length + broadcast.length > 0)
    await tasks.enqueue({ kind: 'deliveries', socket, hook, send, broadcast, close: false });
  return { kind: 'accepted', subprotocol };
}
