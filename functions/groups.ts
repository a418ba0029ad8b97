import { DynamoDirectory as Directory } from './aws/dynamo/directory.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { groupCalls } from './gateway/api/groups.ts';

/** `GET /groups/{group}`, its sockets and users, `PUT` and `DELETE` of a socket in it */
export const handler = apiHandler<'groups'>(awsGateway({ Directory, Presences }), groupCalls);
