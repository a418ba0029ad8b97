import { DynamoBreaker as Breaker } from './aws/dynamo/breaker.ts';
import { DeadLetterKeeper as DeadLetters } from './aws/dynamo/dead-letter-keeper.ts';
import { DynamoEndedSockets as EndedSockets } from './aws/dynamo/ended-sockets.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { disconnectHandler } from './aws/handlers/disconnect-handler.ts';

/** `$disconnect`: a connection has ended. */
export const handler = disconnectHandler(awsGateway({ Breaker, Presences, DeadLetters, EndedSockets }));
