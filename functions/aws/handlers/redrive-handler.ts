import type { Gateway } from '../../gateway/gateway.ts';
import { redrive } from '../../gateway/relay/redrive.ts';
import { redriveMessage } from '../../gateway/relay/redrive-message.ts';
import type { AwsGateway } from '../gateway.ts';
import { parseGivenUp } from '../queue/given-up.ts';
import { parseTask } from '../queue/task-message.ts';
import { clientMessage } from './client-message.ts';
import { textHandler } from './queue-handler.ts';

/** The handler of the queue of retries that no worker could finish, and of messages that Lambda gave up. */
export function redriveHandler(gateway: AwsGateway): ReturnType<typeof textHandler> {
  return textHandler(gateway, 'deadRetries', redriveText);
}

async function redriveText(gateway: Gateway, text: string): Promise<void> {
  const givenUp = parseGivenUp(text);
  if (givenUp !== undefined) {
    const arrival = clientMessage(givenUp.event, gateway.clock.now());
    if (arrival !== undefined) await redriveMessage(gateway, arrival, givenUp.why, givenUp.runs);
    return;
  }
  const task = parseTask(text);
  if (task.kind !== 'retry') throw new Error(`A task of ${task.kind} is in the queue of dead retries.`);
  await redrive(gateway, task);
}
