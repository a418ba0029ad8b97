import { awsBasics } from './aws/basics.ts';
import { withBreaker } from './aws/dynamo/breaker.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { getAsyncApi } from './gateway/api/get-asyncapi.ts';
import { getHealth } from './gateway/api/get-health.ts';
import { getOpenApi } from './gateway/api/get-openapi.ts';

const gateway = withBreaker(awsBasics());

/** `GET /health`, the two API descriptions, and every request that is no call. */
export const handler = apiHandler<'health', typeof gateway>(gateway, {
  'GET /health': getHealth,
  'GET /openapi.json': getOpenApi,
  'GET /asyncapi.json': getAsyncApi,
});
