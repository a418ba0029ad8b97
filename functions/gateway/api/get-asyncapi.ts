import asyncapi from '../../wire/asyncapi.json' with { type: 'json' };
import { type Call, document } from './call.ts';

/** `GET /asyncapi.json`: the description of the hooks and the WebSocket. Needs no key. */
export const getAsyncApi: Call<unknown> = async () => document(200, asyncapi);
