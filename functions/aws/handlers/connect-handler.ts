import type { Gateway } from '../../gateway/gateway.ts';
import type { ConnectRequest, HandshakeOutcome } from '../../gateway/relay/connect-request.ts';
import { handshake } from '../../gateway/relay/handshake.ts';
import { isFieldValue } from '../../http/fields.ts';
import { type ClientHeaders, joinedHeader } from '../../wire/client-headers.ts';
import { problem } from '../../wire/problems.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { parseParameters } from '../../wire/target.ts';
import type { ConnectEvent, LambdaContext, WebSocketResult } from '../events.ts';
import { withDeadline } from './with-deadline.ts';

/** The handler of `$connect`. The client waits for its result, so it never throws. */
export function connectHandler(
  gateway: Gateway,
): (event: ConnectEvent, context: LambdaContext) => Promise<WebSocketResult> {
  return async (event, context) => {
    const { connectionId, eventType, requestId } = event.requestContext;
    const socket = parseSocketId(connectionId);
    if (eventType !== 'CONNECT' || socket === undefined) return { statusCode: 200 };
    try {
      const request = toConnectRequest(event, socket, gateway.clock.now());
      return toResult(await handshake(withDeadline(gateway, context), request));
    } catch (error) {
      gateway.log.error('fault', { request: requestId, why: String(error) });
      return toResult({ kind: 'refused', problem: problem('internal_error') });
    }
  };
}

function toConnectRequest(
  event: ConnectEvent,
  socket: ConnectRequest['socket'],
  now: number,
): ConnectRequest {
  const { requestTimeEpoch, identity } = event.requestContext;
  const parameters = event.multiValueQueryStringParameters ?? listed(event.queryStringParameters ?? {});
  return {
    socket,
    target: parseParameters(parameters),
    headers: toHeaders(event.multiValueHeaders ?? listed(event.headers ?? {})),
    // RFC 7239 section 6.3.
    peer: identity?.sourceIp ?? 'unknown',
    time: requestTimeEpoch ?? now,
  };
}

/** Turns single texts into lists, since emulators leave out the lists. */
function listed(texts: NonNullable<ConnectEvent['headers']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, [text ?? []].flat()]));
}

/**
 * The client's headers as they were on the wire, one character for each byte: API Gateway has decoded them as UTF-8. A
 * header that HTTP does not allow is left out, since it must not stop the handshake hook.
 */
function toHeaders(lists: NonNullable<ConnectEvent['multiValueHeaders']>): ClientHeaders {
  const lines = new Map<string, string[]>();
  for (const [written, values] of Object.entries(lists)) {
    const name = written.toLowerCase();
    const known = lines.get(name) ?? [];
    known.push(...(values ?? []));
    lines.set(name, known);
  }
  const headers = [...lines].flatMap(([name, values]): [string, string][] => {
    const value = Buffer.from(joinedHeader(name, values)).toString('latin1');
    return values.length > 0 && isFieldValue(value) ? [[name, value]] : [];
  });
  return Object.fromEntries(headers);
}

/** API Gateway passes on the status. Of the headers, it passes on only the subprotocol of an accepted handshake. */
function toResult(outcome: HandshakeOutcome): WebSocketResult {
  if (outcome.kind === 'refused') {
    return { statusCode: outcome.problem.status, body: JSON.stringify(outcome.problem) };
  }
  const { subprotocol } = outcome;
  return subprotocol === undefined
    ? { statusCode: 200 }
    : { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': subprotocol } };
}
