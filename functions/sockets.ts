import { SdkConnections } from './aws/connections/sdk-connections.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { deleteSocket, getSocket, getSockets } from './gateway/api/sockets.ts';

/** `GET /sockets`, `GET` and `DELETE /sockets/{socket}` */
export const handler = apiHandler<'sockets'>(
  awsGateway({ Directory: DynamoDirectory, Connections: SdkConnections }),
  {
    'GET /sockets': getSockets,
    'GET /sockets/{socket}': getSocket,
    'DELETE /sockets/{socket}': deleteSocket,
  },
);
