import { DynamoBroadcasts } from './aws/dynamo/broadcasts.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { deleteBroadcast, getBroadcast } from './gateway/api/broadcasts.ts';
import { postBroadcast } from './gateway/api/post-broadcast.ts';

const gateway = awsGateway({ Directory: DynamoDirectory, Broadcasts: DynamoBroadcasts });

/** `POST /broadcast`, `GET` and `DELETE /broadcasts/{broadcast}` */
export const handler = apiHandler<'broadcast'>(gateway, {
  'POST /broadcast': postBroadcast,
  'GET /broadcasts/{broadcast}': getBroadcast,
  'DELETE /broadcasts/{broadcast}': deleteBroadcast,
});
