import type { Gateway } from '../../gateway/gateway.ts';
import { redrive } from '../../gateway/relay/redrive.ts';
import { redriveMessage } from '../../gateway/relay/redrive-message.ts';
import type { AwsGateway } from '../gateway.ts';
import { type GivenUp, isGivenUp, readGivenUp } from '../queue/given-up.ts';
import { parseMessage, taskOf } from '../queue/task-message.ts';
import { clientMessage, logIfLost } from './client-message.ts';
import { textHandler } from './queue-handler.ts';

/** The handler of the queue of retries that no worker could finish, and of messages that Lambda gave up. */
export function redriveHandler(gateway: AwsGateway): ReturnType<typeof textHandler> {
  return textHandler(gateway, 'deadRetries', redriveText);
}

async function redriveText(gateway: Gateway, text: string): Promise<void> {
  const message = parseMessage(text);
  if (isGivenUp(message)) return keepGivenUp(gateway, readGivenUp(message));
  const task = taskOf(message);
  if (task.kind !== 'retry') throw new Error(`A task of ${task.kind} is in the queue of dead retries.`);
  await redrive(gateway, task);
}

async function keepGivenUp(gateway: Gateway, { event, why, runs }: GivenUp): Promise<void> {
  const arrival = clientMessage(event, gateway.clock.now());
  if (arrival === undefined) return logIfLost(gateway, event);
  await redriveMessage(gateway, arrival, why, runs);
}
