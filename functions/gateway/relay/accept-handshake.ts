import type { Actions } from '../../wire/actions.ts';
import type { GroupChange, GroupName } from '../../wire/group.ts';
import { hookId } from '../../wire/hook.ts';
import { problem } from '../../wire/problems.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { tellingPresence, tellPresence, wantsPresence } from '../presence-changes.ts';
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
  const replied = reply === undefined ? 'no reply' : await registry.append(socket, reply);
  if (replied === 'full') log.warn('action_failed', { request: hook, action: 'reply', code: 'outbox_full' });
  const acceptance = { user, state, acceptedAt: clock.now(), changes: groupChanges(ticketGroups, actions) };
  const make = () => accept(gateway, socket, acceptance, replied === 'queued');
  const accepted = await (wantsPresence(gateway)
    ? acceptTelling(gateway, { ...record, user, acceptedAt: acceptance.acceptedAt }, acceptance, make)
    : make());
  if (accepted === 'gone') {
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

/** Accepts a socket, and tells in which groups it is then: also those that calls have put it in meanwhile. */
async function acceptTelling(
  gateway: Gateway,
  record: SocketRecord,
  { changes }: Pick<Attempts, 'changes'>,
  make: () => Promise<'done' | 'gone'>,
): Promise<'done' | 'gone'> {
  const joined = async () => (await gateway.registry.get(record.socket))?.groups ?? [];
  const before = new Set([...(await joined()), ...changes.flatMap(({ join }) => join)]);
  const outcome = await tellingPresence(gateway, record, { join: [...before], leave: [] }, make);
  const since = (await joined()).filter((group) => !before.has(group));
  await tellPresence(gateway, record, since);
  return outcome;
}

/** What to try until the groups are not too many: to join all, those of the ticket, none. All leave what the answer says. */
function groupChanges(ticket: readonly GroupName[], { join, leave }: Actions): GroupChange[] {
  const all = { join: [...ticket, ...join], leave };
  const ofTicket = join.length > 0 && ticket.length > 0 ? [{ join: ticket, leave }] : [];
  return [all, ...ofTicket, { join: [], leave }];
}

/** An acceptance, and which changes of groups to try with it. */
interface Attempts extends Omit<Acceptance, 'groups'> {
  readonly changes: readonly GroupChange[];
}

/**
 * Accepts a socket in as many of its groups as the limit allows. Too many are a failed action, and the client is in. If
 * messages are known to wait, it does not try to open the socket first: each attempt puts the rows of the groups.
 */
async function accept(
  { registry, tasks, log }: Gateway,
  socket: SocketId,
  { changes, ...decision }: Attempts,
  isWaiting: boolean,
): Promise<'done' | 'gone'> {
  const flushLater = () => tasks.enqueue({ kind: 'flush', socket });
  let to: 'open' | 'accepted' = isWaiting ? 'accepted' : 'open';
  if (isWaiting) await flushLater();
  for (const groups of changes) {
    let accepted = await registry.accept(socket, { ...decision, groups }, to);
    if (accepted === 'waiting' && to === 'open') {
      await flushLater();
      to = 'accepted';
      accepted = await registry.accept(socket, { ...decision, groups }, to);
    }
    if (accepted === 'waiting') throw new Error('An outbox kept a socket from being accepted.');
    if (accepted !== 'too_many_groups') return accepted;
    const facts = { action: 'join', code: 'too_many_groups', names: groups.join.length };
    log.warn('action_failed', { request: hookId('handshake', socket), ...facts });
  }
  throw new Error('A socket that joins no group is in too many.');
}
