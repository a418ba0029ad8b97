import { type Call, document } from './call.ts';

/** `GET /health`: shows that the gateway answers. Needs no key. */
export const getHealth: Call<unknown> = async () => document(200, { status: 'ok' });
