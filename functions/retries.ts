import { DynamoBreaker as Breaker } from './aws/dynamo/breaker.ts';
import { DeadLetterKeeper as DeadLetters } from './aws/dynamo/dead-letter-keeper.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { retriesHandler } from './aws/handlers/retries-handler.ts';

/** The queue of retries: posts a hook again that has failed, or that was a dead letter. */
export const handler = retriesHandler(awsGateway({ Breaker, Presences, DeadLetters }));
