import { DynamoDeadLetters } from './aws/dynamo/dead-letters.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { deadLetterCalls } from './gateway/api/dead-letters.ts';

/** `GET /dead-letters`, `GET` and `DELETE` of one, `POST` to replay one or all */
export const handler = apiHandler<'dead-letters'>(
  awsGateway({ DeadLetters: DynamoDeadLetters }),
  deadLetterCalls,
);
