import type { SocketId } from '../../wire/socket-id.ts';
import type { Outcome } from './outcome.ts';

/** The outcomes of a call that may be interrupted and made again. They outlive its run. */
export interface Journal {
  /** Whether an earlier run of this call was interrupted. */
  readonly isResumed: boolean;
  /** The outcomes of all its runs so far. These sockets are not posted to again. */
  readonly outcomes: ReadonlyMap<SocketId, Outcome>;
  settle(outcome: Outcome, socket: SocketId): void;
}
