import type { Gateway } from '../gateway/gateway.ts';
import { type Admission, handshake, type Knock } from '../gateway/relay/handshake.ts';
import { problem } from '../wire/problems.ts';
import { parseSocketId } from '../wire/socket-id.ts';
import { parseParameters } from '../wire/target.ts';
import type { ConnectEvent, LambdaContext, WebSocketResult } from './events.ts';
import { timed } from './timed.ts';

/** The door of `$connect`: the client waits for its answer, which never is an exception. */
export function connectDoor(
  gateway: Gateway,
): (event: ConnectEvent, context: LambdaContext) => Promise<WebSocketResult> {
  return async (event, context) => {
    const { connectionId, eventType, requestId } = event.requestContext;
    const socket = parseSocketId(connectionId);
    if (eventType !== 'CONNECT' || socket === undefined) return { statusCode: 200 };
    try {
      return toResult(await handshake(timed(gateway, context), toKnock(event, socket)));
    } catch (error) {
      gateway.log.error('fault', { request: requestId, why: String(error) });
      return toResult({ kind: 'refused', problem: problem('internal_error') });
    }
  };
}

function toKnock(event: ConnectEvent, socket: Knock['socket']): Knock {
  const { requestTimeEpoch, identity } = event.requestContext;
  const headers = Object.entries(event.multiValueHeaders ?? {}).map(([name, values]) => [
    name.toLowerCase(),
    values?.join(', '),
  ]);
  return {
    socket,
    target: parseParameters(event.multiValueQueryStringParameters ?? { path: ['/'] }),
    headers: Object.fromEntries(headers),
    peer: identity.sourceIp,
    time: requestTimeEpoch,
  };
}

/** API Gateway passes on the status, and of the headers of an acceptance the subprotocol alone. */
function toResult(admission: Admission): WebSocketResult {
  if (admission.kind === 'refused') {
    return { statusCode: admission.problem.status, body: JSON.stringify(admission.problem) };
  }
  const { subprotocol } = admission;
  return subprotocol === undefined
    ? { statusCode: 200 }
    : { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': subprotocol } };
}
