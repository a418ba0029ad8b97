import type { ApiResponse } from '../../functions/gateway/api/call.ts';
import { postBroadcast } from '../../functions/gateway/api/post-broadcast.ts';
import { postSend } from '../../functions/gateway/api/post-send.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { ok } from '../../functions/wire/result.ts';

let count = 0;

/** What a request has besides its document. IAM has let its caller in. */
export interface KeyedRequest {
  readonly key?: string | undefined;
  readonly contentType?: string;
}

/** A request with a key. Its document may be given as text. */
export function keyedRequest(document: unknown, { key, contentType = 'application/json' }: KeyedRequest) {
  count += 1;
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return {
    ...{ id: `req_${count}`, parameters: {}, query: '', authorization: '', identity: 'a caller' },
    ...{ contentType, idempotencyKey: key },
    body: async () => ok(Buffer.from(text)),
  };
}

/** `POST /send` */
export function callSend(gateway: Gateway, document: unknown, keyed: KeyedRequest = {}) {
  return postSend(gateway, keyedRequest(document, keyed));
}

/** `POST /broadcast` */
export function callBroadcast(gateway: Gateway, document: unknown, keyed: KeyedRequest = {}) {
  return postBroadcast(gateway, keyedRequest(document, keyed));
}

/** An answer, with its document read. */
export function read({ status, headers, body }: ApiResponse) {
  const json: Record<string, unknown> = JSON.parse(body);
  return { status, json, isReplayed: headers['Idempotency-Replayed'] === 'true', headers };
}
