import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { postBroadcast } from './gateway/api/post-broadcast.ts';

/** `POST /broadcast` */
export const handler = apiHandler<'broadcast'>(awsGateway({ Directory: DynamoDirectory }), {
  'POST /broadcast': postBroadcast,
});
