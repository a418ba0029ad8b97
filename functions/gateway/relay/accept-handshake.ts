import type { Actions } from '../../wire/actions.ts';
import { hookId } from '../../wire/hook.ts';
import { problem } from '../../wire/problems.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { HandshakeOutcome } from './connect-request.ts';

/**
 * Opens a socket whose handshake the app accepted. The reply joins the outbox. If the outbox is not empty, the flush is
 * queued before the record becomes `accepted`, so that no crash in between loses it. The other actions of the answer run
 * once the client is connected.
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
    // The socket ended while the app was deciding, so its closed hook had to wait for the decision.
    await tasks.enqueue({ kind: 'closed', socket });
    return { kind: 'refused', problem: problem('closed_by_app') };
  }
  if (send.length + broadcast.length > 0)
    await tasks.enqueue({ kind: 'deliveries', socket, hook, send, broadcast, close: false });
  return { kind: 'accepted', subprotocol };
}
