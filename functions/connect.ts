import { connectDoor } from './aws/connect-door.ts';
import { awsGateway } from './aws/gateway.ts';

/** `$connect`: a client knocks, and the app decides. */
export const handler = connectDoor(awsGateway());
