import type { Actions } from '../../wire/actions.ts';
import type { GroupChange, GroupName } from '../../wire/group.ts';
import { hookId } from '../../wire/hook.ts';
import { problem } from '../../wire/problems.ts';
import type { Gateway } from '../gateway.ts';
import type { Acceptance, SocketRecord } from '../record.ts';
import type { HandshakeOutcome } from './connect-request.ts';
import { placed } from './run-actions.ts';

/**
 * Opens a socket whose handshake the app accepted, in the groups of its ticket and of the answer. The reply joins the
 * outbox. If the outbox is not empty, the flush is queued before the record becomes `accepted`, so that no crash in
 * between loses it. The other actions of the answer run once the client is connected.
 */
export async function acceptHandshake(
  gateway: Gateway,
  record: SocketRecord,
  ticketGroups: readonly GroupName[],
  actions: Actions,
): Promise<HandshakeOutcome> {
  const { registry, tasks, clock, log } = gateway;
  const { socket } = record;
  const hook = hookId('handshake', socket);
  const { reply, user = record.user, state = '', send, broadcast, subprotocol } = actions;
  if (reply !== undefined && (await registry.append(socket, reply)) === 'full') {
    log.warn('action_failed', { request: hook, action: 'reply', code: 'outbox_full' });
  }
  const decision = { user, state, acceptedAt: clock.now() };
  if ((await acceptInGroups(gateway, record, decision, groupChanges(ticketGroups, actions))) === 'gone') {
    // The socket ended while the app was deciding, so its closed hook had to wait for the decision.
    await tasks.enqueue({ kind: 'closed', socket });
    return { kind: 'refused', problem: problem('closed_by_app') };
  }
  if (send.length + broadcast.length > 0)
    await tasks.enqueue({
      kind: 'deliveries',
      socket,
      hook,
      send,
      broadcast: broadcast.map(placed),
      close: false,
    });
  return { kind: 'accepted', subprotocol };
}

/** What to try until the groups are not too many: to join all, those of the ticket, none. All leave what the answer says. */
function groupChanges(ticket: readonly GroupName[], { join, leave }: Actions): GroupChange[] {
  const all = { join: [...ticket, ...join], leave };
  const ofTicket = join.length > 0 && ticket.length > 0 ? [{ join: ticket, leave }] : [];
  return [all, ...ofTicket, { join: [], leave }];
}

/** Accepts a socket in as many of its groups as the limit allows. Too many are a failed action, and the client is in. */
async function acceptInGroups(
  gateway: Gateway,
  { socket }: SocketRecord,
  decision: Omit<Acceptance, 'groups'>,
  changes: readonly GroupChange[],
): Promise<'done' | 'gone'> {
  const hook = hookId('handshake', socket);
  for (const groups of changes) {
    const accepted = await accept(gateway, socket, { ...decision, groups });
    if (accepted !== 'too_many_groups') return accepted;
    const facts = { action: 'join', code: 'too_many_groups', names: groups.join.length };
    gateway.log.warn('action_failed', { request: hook, ...facts });
  }
  throw new Error('A socket that joins no group is in too many.');
}

async function accept(
  { registry, tasks }: Gateway,
  socket: SocketRecord['socket'],
  acceptance: Acceptance,
): Promise<'done' | 'gone' | 'too_many_groups'> {
  const accepted = await registry.accept(socket, acceptance, 'open');
  if (accepted !== 'waiting') return accepted;
  await tasks.enqueue({ kind: 'flush', socket });
  const flushing = await registry.accept(socket, acceptance, 'accepted');
  if (flushing === 'waiting') throw new Error('An outbox kept a socket from being accepted.');
  return flushing;
}
