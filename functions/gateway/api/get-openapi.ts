import openapi from '../../wire/openapi.json' with { type: 'json' };
import { type Call, document } from './call.ts';

/** `GET /openapi.json`: the description of the HTTP API. Needs no key. */
export const getOpenApi: Call<unknown> = async () => document(200, openapi);
