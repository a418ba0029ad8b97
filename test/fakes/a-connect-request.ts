import type { ConnectRequest } from '../../functions/gateway/relay/connect-request.ts';
import { ok } from '../../functions/wire/result.ts';
import { aPath, newSocket } from './a-record.ts';

/** A client that asks to be let in at `/`, with nothing to say but for what is given. */
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
