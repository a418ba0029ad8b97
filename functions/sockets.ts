import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { deleteSocket, getSocket, getSockets } from './gateway/api/sockets.ts';

/** `GET /sockets`, `GET` and `DELETE /sockets/{socket}` */
export const handler = httpDoor(awsGateway(), {
  'GET /sockets': getSockets,
  'GET /sockets/{socket}': getSocket,
  'DELETE /sockets/{socket}': deleteSocket,
});
