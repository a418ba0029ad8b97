import type { ConnectRequest } from '../../functions/gateway/relay/connect-request.ts';
import { ok } from '../../functions/wire/result.ts';
import { aPath, newSocket } from './a-record.ts';

/** A request to connect at `/`. Everything is empty except the given fields. */
export function aConnectRequest(given: Partial<ConnectRequest> = {}): ConnectRequest {
  return {
    socket: newSocket(),
    target: ok({ kind: 'path', path: aPath('/'), query: '' }),
    headers: {},
    peer: '192.0.2.1',
    time: 1_764_000_000_000,
    ...given,
  };
}
