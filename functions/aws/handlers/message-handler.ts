import type { Gateway } from '../../gateway/gateway.ts';
import { message } from '../../gateway/relay/message.ts';
import { hookId } from '../../wire/hook.ts';
import type { LambdaContext, MessageEvent, WebSocketResult } from '../events.ts';
import { clientMessage, logIfLost } from './client-message.ts';
import { withDeadline } from './with-deadline.ts';

/**
 * The part of the run that is reserved for keeping a hook that fails, in milliseconds. With the second that every hook
 * leaves it is 8 s, of the 28 s that the function has. A silent breaker takes half of that second, a silent SQS 3.25 s,
 * and then the two writes of a dead letter 1.85 s each at most. A hook that SQS took is
 * counted instead, until 2 s before the end.
 */
const reserveMs = 7_000;

/**
 * The handler of `$default`. If a client waits for it, it always answers 200, since the client would see any other
 * status and any exception. If Lambda has queued the message, it throws, since Lambda then runs it again.
 */
export function messageHandler(
  gateway: Gateway,
): (event: MessageEvent, context: LambdaContext) => Promise<WebSocketResult> {
  // No socket has been gone for long whose message is handled at once.
  const { endedSockets: _, ...direct } = gateway;
  // Nobody receives the result of a queued run.
  const queued: Gateway = { ...gateway, settings: { ...gateway.settings, replyBy: 'post' } };
  return async (event, context) => {
    const arrival = clientMessage(event, gateway.clock.now());
    if (arrival === undefined) {
      logIfLost(gateway, event);
      return { statusCode: 200 };
    }
    const isQueued = event.invocationType === 'Event';
    const run = withDeadline(isQueued ? queued : direct, context, reserveMs);
    try {
      const reply = await message(run, arrival);
      return reply === undefined ? { statusCode: 200 } : { statusCode: 200, body: reply };
    } catch (error) {
      const facts = { request: hookId('message', arrival.id), why: String(error) };
      gateway.log.error(isQueued ? 'fault' : 'hook_lost', facts);
      if (isQueued) throw error;
      return { statusCode: 200 };
    }
  };
}
