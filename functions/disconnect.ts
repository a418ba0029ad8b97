import { DeadLetterKeeper } from './aws/dynamo/dead-letter-keeper.ts';
import { awsGateway } from './aws/gateway.ts';
import { disconnectHandler } from './aws/handlers/disconnect-handler.ts';

/** `$disconnect`: a connection has ended. */
export const handler = disconnectHandler(awsGateway({ DeadLetters: DeadLetterKeeper }));
