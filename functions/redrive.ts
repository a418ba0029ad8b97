import { DeadLetterKeeper } from './aws/dynamo/dead-letter-keeper.ts';
import { DynamoEndedSockets as EndedSockets } from './aws/dynamo/ended-sockets.ts';
import { awsGateway } from './aws/gateway.ts';
import { redriveHandler } from './aws/handlers/redrive-handler.ts';

/** The queue of dead retries, and of messages that Lambda gave up: keeps their hooks as dead letters. */
export const handler = redriveHandler(awsGateway({ DeadLetters: DeadLetterKeeper, EndedSockets }));
