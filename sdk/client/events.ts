import type { SocketState } from './options.ts';

/** Why a connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** The `statechange` event: what the socket is doing now, and why. */
export class StateChange extends Event {
  readonly state: SocketState;
  /** How long it waits before it tries again, in milliseconds; only if it is `waiting`. */
  readonly retryMs: number | undefined;
  /** The close code of the connection that was lost, if there was one. Browsers say 1006 for each refusal. */
  readonly code: number | undefined;
  readonly reason: string | undefined;
  /** What the URL callback threw, or what is wrong with its URL. */
  readonly error: unknown;

  constructor(state: SocketState, why: { retryMs?: number; ending?: Ending; error?: unknown } = {}) {
    super('statechange');
    this.state = state;
    this.retryMs = why.retryMs;
    this.code = why.ending?.code;
    this.reason = why.ending?.reason;
    this.error = why.error;
  }
}

/** The `close` event. Node.js 20 has no `CloseEvent`. */
export class Closed extends Event implements CloseEvent {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor({ code, reason, wasClean }: Ending) {
    super('close');
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** The events of a `ReliableSocket`. */
export interface ReliableSocketEvents extends WebSocketEventMap {
  readonly statechange: StateChange;
}
