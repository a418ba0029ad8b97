import { DynamoBroadcasts } from './aws/dynamo/broadcasts.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { DynamoIdempotency } from './aws/dynamo/idempotency.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { broadcastCalls } from './gateway/api/broadcasts.ts';

const gateway = awsGateway({
  Directory: DynamoDirectory,
  Broadcasts: DynamoBroadcasts,
  Idempotency: DynamoIdempotency,
});

/** `POST /broadcast`, `GET` and `DELETE /broadcasts/{broadcast}` */
export const handler = apiHandler<'broadcast'>(gateway, broadcastCalls);
