import { STATUS_CODES } from 'node:http';
import type { ApiRequest, ApiResponse, Call } from '../gateway/api/call.ts';
import { route } from '../gateway/api/route.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { idleMs } from '../websocket/simple-connection.ts';
import type { SimpleRequest } from '../websocket/simple-request.ts';
import type { SimpleServer } from '../websocket/simple-requests.ts';
import type { Problem } from '../wire/problems.ts';
import { ok, type Result } from '../wire/result.ts';
import { answerUnder, headersOf, newRequestId } from './api-server.ts';

/** The calls that apps make for their messages. All others are rare enough for `node:http`. */
const calls: ReadonlyMap<string, Call> = new Map(
  ['/send', '/broadcast'].flatMap((path) => {
    const found = route('POST', path);
    return found.ok ? [[path, found.value.call]] : [];
  }),
);

/** Answers the simple ones among the calls of the HTTP API, as `handleApiRequest` answers them all. */
export function simpleCalls(gatewayOf: () => Gateway): SimpleServer {
  return {
    serves: (target) => calls.has(target),
    async answer(request) {
      const id = newRequestId();
      const answer = await answerUnder(id, gatewayOf(), async (gateway) => {
        const call = calls.get(request.target);
        if (call === undefined) throw new Error(`${request.target} is not served.`);
        return call(gateway, new SimpleCall(id, request));
      });
      return written(answer, id, gatewayOf().clock.now());
    },
  };
}

/** A call that came in full. A class, since an object literal would make a new `body` function for every call. */
class SimpleCall implements ApiRequest {
  readonly id: string;
  readonly parameters = {};
  readonly query = '';
  readonly authorization: string;
  readonly contentType: string;
  readonly idempotencyKey: string | undefined;
  readonly #body: Buffer;

  constructor(id: string, { headers, body }: SimpleRequest) {
    this.id = id;
    this.authorization = headers.get('authorization') ?? '';
    this.contentType = headers.get('content-type') ?? '';
    this.idempotencyKey = headers.get('idempotency-key');
    this.#body = body;
  }

  async body(): Promise<Result<Uint8Array, Problem>> {
    return ok(this.#body);
  }
}

/** The whole answer, with the headers that `node:http` adds. `now` is in milliseconds since 1970. */
function written(answer: ApiResponse, id: string, now: number): Buffer {
  const headers = headersOf(answer, id);
  let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${idleMs / 1_000}`;
  return Buffer.from(`${text}Date: ${dateOf(now)}\r\n${kept}\r\n\r\n${answer.body}`);
}

let lastDate = { second: 0, text: '' };

/** RFC 9110 section 5.6.7. It is the same for a second. */
function dateOf(now: number): string {
  const second = Math.floor(now / 1_000);
  if (second !== lastDate.second) lastDate = { second, text: new Date(now).toUTCString() };
  return lastDate.text;
}
