import { awsGateway } from './aws/gateway.ts';
import { messageDoor } from './aws/message-door.ts';

/** `$default`: a client sent a message. */
export const handler = messageDoor(awsGateway());
