import { DynamoDirectory } from './aws/dynamo-directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { postBroadcast } from './gateway/api/post-broadcast.ts';

/** `POST /broadcast` */
export const handler = httpDoor(awsGateway({ Directory: DynamoDirectory }), {
  'POST /broadcast': postBroadcast,
});
