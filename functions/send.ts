import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { postSend } from './gateway/api/post-send.ts';

/** `POST /send` */
export const handler = httpDoor(awsGateway(), { 'POST /send': postSend });
