import { awsBasics } from './aws/basics.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { getAsyncApi } from './gateway/api/get-asyncapi.ts';
import { getHealth } from './gateway/api/get-health.ts';
import { getOpenApi } from './gateway/api/get-openapi.ts';

/** `GET /health`, what the API says of itself, and whatever is no call of it. */
export const handler = apiHandler(awsBasics(), {
  'GET /health': getHealth,
  'GET /openapi.json': getOpenApi,
  'GET /asyncapi.json': getAsyncApi,
});
