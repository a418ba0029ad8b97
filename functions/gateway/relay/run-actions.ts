import { type Actions, isAtMostReply } from '../../wire/actions.ts';
import type { Broadcast } from '../../wire/deliveries.ts';
import type { GroupChange } from '../../wire/group.ts';
import type { Hook } from '../../wire/hook.ts';
import { deliver } from '../deliver/deliver.ts';
import type { Outcome } from '../deliver/outcome.ts';
import { runDeliveries } from '../deliver/run-deliveries.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { tellingPresence, wantsPresence } from '../presence-changes.ts';
import type { SocketRecord } from '../record.ts';
import type { DeliveriesTask, TaskBroadcast } from '../tasks.ts';

/** The state of a socket, and the version of its groups, when a hook was made. */
export interface AsOf {
  readonly state: string;
  readonly groupsVersion: number;
}

/**
 * Does what the answer to a hook asks for: state, join, leave, reply, send, broadcast, close, in this order. The last
 * three may be deferred. The hook itself has succeeded: an action that fails is logged under the hook's id, and the next
 * one goes on. Done at once, without a promise, where the world allows it. `asOf`: the answer came late, and must not
 * overwrite a state or groups that are no longer as they were then.
 */
export function runActions(
  gateway: Gateway,
  hook: Hook,
  actions: Actions,
  record: SocketRecord,
  asOf?: AsOf,
): MaybePromise<void> {
  if (!isAtMostReply(actions)) return runActionsInOrder(gateway, hook, actions, record, asOf);
  return actions.reply === undefined ? undefined : replyTo(gateway, hook, actions.reply, record);
}

async function runActionsInOrder(
  gateway: Gateway,
  hook: Hook,
  { state, join, leave, reply, send, broadcast, close }: Actions,
  record: SocketRecord,
  asOf: AsOf | undefined,
): Promise<void> {
  if (state !== undefined) await setState(gateway, hook, state, asOf);
  if (join.length + leave.length > 0) await changeGroups(gateway, hook, { join, leave }, record, asOf);
  if (reply !== undefined) await replyTo(gateway, hook, reply, record);
  const isDelivering = send.length + broadcast.length > 0;
  if (!close && !isDelivering) return;
  const task: DeliveriesTask = {
    kind: 'deliveries',
    socket: hook.socket,
    hook: hook.id,
    send,
    broadcast: broadcast.map(placed),
    close,
  };
  const isDeferred = gateway.policy.defersDeliveries && isDelivering;
  try {
    await (isDeferred ? gateway.tasks.enqueue(task) : runDeliveries(gateway, task));
  } catch (error) {
    logFault(gateway, hook, isDeferred ? 'queue' : 'deliveries', error);
  }
}

async function setState(gateway: Gateway, hook: Hook, state: string, asOf: AsOf | undefined): Promise<void> {
  try {
    const set = await gateway.registry.setState(hook.socket, state, asOf?.state);
    if (set !== 'done') logFailure(gateway, hook, 'state', set);
  } catch (error) {
    logFault(gateway, hook, 'state', error);
  }
}

/** One change for both lists, so that a socket that moves from one room to another is never in both or in none. */
async function changeGroups(
  gateway: Gateway,
  hook: Hook,
  change: GroupChange,
  record: SocketRecord,
  asOf: AsOf | undefined,
): Promise<void> {
  const action = change.join.length > 0 ? 'join' : 'leave';
  try {
    const { registry } = gateway;
    const make = () => registry.changeGroups(hook.socket, change, record, asOf?.groupsVersion);
    const changed = await (wantsPresence(gateway) ? tellingPresence(gateway, record, change, make) : make());
    if (changed !== 'done') logFailure(gateway, hook, action, changed);
  } catch (error) {
    logFault(gateway, hook, action, error);
  }
}

/** A broadcast with its place in the answer, which names it if it is handed over. */
export function placed(broadcast: Broadcast, at: number): TaskBroadcast {
  return { ...broadcast, at };
}

/** A reply is what nearly every answer asks for, and its faults are outcomes: it needs no try. */
function replyTo(gateway: Gateway, hook: Hook, reply: string, record: SocketRecord): MaybePromise<void> {
  const outcome = deliver(gateway, hook.socket, reply, record);
  if (outcome instanceof Promise) return outcome.then((late) => logFailedReply(gateway, hook, late));
  logFailedReply(gateway, hook, outcome);
}

function logFailedReply(gateway: Gateway, hook: Hook, outcome: Outcome): void {
  if (outcome === 'delivered' || outcome === 'queued' || outcome === 'gone') return;
  logFailure(gateway, hook, 'reply', outcome);
}

type Immediate = 'state' | 'join' | 'leave' | 'reply';

function logFailure({ log }: Gateway, { id: request }: Hook, action: Immediate, code: string): void {
  log.warn('action_failed', { request, action, code });
}

function logFault(
  { log }: Gateway,
  { id: request }: Hook,
  action: Immediate | 'queue' | 'deliveries',
  error: unknown,
): void {
  log.error('action_failed', { request, action, code: 'fault', why: String(error) });
}
