import { DynamoBreaker as Breaker } from './aws/dynamo/breaker.ts';
import { DeadLetterKeeper as DeadLetters } from './aws/dynamo/dead-letter-keeper.ts';
import { DynamoEndedSockets as EndedSockets } from './aws/dynamo/ended-sockets.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { messageHandler } from './aws/handlers/message-handler.ts';

/** `$default`: a client sent a message. */
export const handler = messageHandler(awsGateway({ Breaker, Presences, DeadLetters, EndedSockets }));
