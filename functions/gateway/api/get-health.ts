import { type Call, document } from './call.ts';

/** `GET /health`: that the gateway answers. The only call without a key. */
export const getHealth: Call = async () => document(200, { status: 'ok' });
