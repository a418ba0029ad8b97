import type { ClientHeaders } from '../../wire/client-headers.ts';
import type { Problem } from '../../wire/problems.ts';
import type { RefusalHeader } from '../../wire/refusal-headers.ts';
import type { Result } from '../../wire/result.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Target } from '../../wire/target.ts';

/** A client's request to open a socket. */
export interface ConnectRequest {
  readonly socket: SocketId;
  readonly target: Result<Target, string>;
  readonly headers: ClientHeaders;
  /** The address of the connection. */
  readonly peer: string;
  readonly time: number;
}

/** How a handshake ended, for its client. */
export type HandshakeOutcome =
  | { readonly kind: 'accepted'; readonly subprotocol: string | undefined }
  /** `headers`: the app's headers, from which `refusalHeaders` selects. */
  | {
      readonly kind: 'refused';
      readonly problem: Problem;
      readonly headers?: readonly RefusalHeader[] | undefined;
    };
