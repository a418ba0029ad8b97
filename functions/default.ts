import { DeadLetterKeeper } from './aws/dynamo/dead-letter-keeper.ts';
import { awsGateway } from './aws/gateway.ts';
import { messageHandler } from './aws/handlers/message-handler.ts';

/** `$default`: a client sent a message. */
export const handler = messageHandler(awsGateway({ DeadLetters: DeadLetterKeeper }));
