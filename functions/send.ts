import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { postSend } from './gateway/api/post-send.ts';

/** `POST /send` */
export const handler = apiHandler<'send'>(awsGateway(), { 'POST /send': postSend });
