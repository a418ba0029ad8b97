import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { getHealth } from './gateway/api/get-health.ts';

/** `GET /health` */
export const handler = httpDoor(awsGateway(), { 'GET /health': getHealth });
