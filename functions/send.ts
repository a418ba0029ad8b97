import { DynamoIdempotency } from './aws/dynamo/idempotency.ts';
import { awsGateway } from './aws/gateway.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { postSend } from './gateway/api/post-send.ts';

const gateway = awsGateway({ Idempotency: DynamoIdempotency });

/** `POST /send` */
export const handler = apiHandler<'send'>(gateway, { 'POST /send': postSend });
