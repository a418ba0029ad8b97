import { awsBasics, type Basics } from './aws/basics.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { getAsyncApi } from './gateway/api/get-asyncapi.ts';
import { getHealth } from './gateway/api/get-health.ts';
import { getOpenApi } from './gateway/api/get-openapi.ts';

/** `GET /health`, the two API descriptions, and every request that is no call. */
export const handler = apiHandler<'health', Basics>(awsBasics(), {
  'GET /health': getHealth,
  'GET /openapi.json': getOpenApi,
  'GET /asyncapi.json': getAsyncApi,
});
