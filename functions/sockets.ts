import { DynamoDirectory } from './aws/dynamo-directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { ManagementConnections } from './aws/management-connections.ts';
import { deleteSocket, getSocket, getSockets } from './gateway/api/sockets.ts';

/** `GET /sockets`, `GET` and `DELETE /sockets/{socket}` */
export const handler = httpDoor(
  awsGateway({ Directory: DynamoDirectory, Connections: ManagementConnections }),
  {
    'GET /sockets': getSockets,
    'GET /sockets/{socket}': getSocket,
    'DELETE /sockets/{socket}': deleteSocket,
  },
);
