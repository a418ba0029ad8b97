import { disconnectDoor } from './aws/disconnect-door.ts';
import { awsGateway } from './aws/gateway.ts';

/** `$disconnect`: a connection has ended. */
export const handler = disconnectDoor(awsGateway());
