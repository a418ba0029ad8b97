import { DynamoBreaker as Breaker } from './aws/dynamo/breaker.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { connectHandler } from './aws/handlers/connect-handler.ts';

/** `$connect`: a client connects, and the app decides. */
export const handler = connectHandler(awsGateway({ Breaker, Presences }));
