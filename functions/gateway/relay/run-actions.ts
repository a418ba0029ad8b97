import type { Actions } from '../../wire/actions.ts';
import type { Hook } from '../../wire/hook.ts';
import { deliver } from '../deliver/deliver.ts';
import type { Outcome } from '../deliver/outcome.ts';
import { runDeliveries } from '../deliver/run-deliveries.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { DeliveriesTask } from '../ports.ts';
import type { SocketRecord } from '../record.ts';

/**
 * Does what the answer to a hook asks for: keeps the state, then reply, send, broadcast, close, of which the last
 * three may be put off. The hook itself has succeeded; an action that fails is logged under its id and the next one
 * goes on. Done at once, without a promise, where the world allows it.
 */
export function runActions(
  gateway: Gateway,
  hook: Hook,
  actions: Actions,
  record: SocketRecord,
): MaybePromise<void> {
  const { state, reply, send, broadcast, close } = actions;
  if (state === undefined && !close && send.length === 0 && broadcast.length === 0)
    return reply === undefined ? undefined : replyTo(gateway, hook, reply, record);
  return actInOrder(gateway, hook, actions, record);
}

async function actInOrder(
  gateway: Gateway,
  hook: Hook,
  { state, reply, send, broadcast, close }: Actions,
  record: SocketRecord,
): Promise<void> {
  const attempt = attempter(gateway, hook.id);
  if (state !== undefined) {
    await attempt('state', async () =>
      (await gateway.registry.setState(hook.socket, state)) ? [] : ['gone'],
    );
  }
  if (reply !== undefined) await replyTo(gateway, hook, reply, record);
  if (!close && send.length + broadcast.length === 0) return;
  const task: DeliveriesTask = {
    kind: 'deliveries',
    socket: hook.socket,
    hook: hook.id,
    send,
    broadcast,
    close,
  };
  if (gateway.policy.defersDeliveries && send.length + broadcast.length > 0) {
    await attempt('queue', async () => {
      await gateway.tasks.enqueue(task);
      return [];
    });
  } else {
    await attempt('deliveries', async () => {
      await runDeliveries(gateway, task);
      return [];
    });
  }
}

/** Faults of a reply are outcomes too, and it is what nearly every answer asks for: no attempt is needed around it. */
function replyTo(gateway: Gateway, hook: Hook, reply: string, record: SocketRecord): MaybePromise<void> {
  const outcome = deliver(gateway, hook.socket, reply, record);
  if (outcome instanceof Promise) return outcome.then((late) => note(gateway, hook, late));
  note(gateway, hook, outcome);
}

function note({ log }: Gateway, hook: Hook, outcome: Outcome): void {
  if (outcome === 'delivered' || outcome === 'queued' || outcome === 'gone') return;
  log.warn('action_failed', { request: hook.id, action: 'reply', code: outcome });
}

/** Runs one action, which gives the codes of what failed in it, and logs these, or the fault that it ended in. */
function attempter({ log }: Gateway, request: string) {
  return async (action: string, run: () => Promise<readonly string[]>): Promise<void> => {
    try {
      for (const code of new Set(await run())) log.warn('action_failed', { request, action, code });
    } catch (error) {
      log.error('action_failed', { request, action, code: 'fault', why: String(error) });
    }
  };
}
