import type { SocketId } from '../wire/socket-id.ts';
import type { MaybePromise } from './maybe-promise.ts';

/** What the gateway knows about whether the app is there. Times are in milliseconds since 1970. */
export interface BreakerState {
  /** Each change has the next one, so that of two changes of one state only one succeeds. */
  readonly version: number;
  /** How many hooks in a row the app did not answer on their first attempts, up to the number that opens the breaker. */
  readonly failures: number;
  /**
   * Whose hooks those were: different sockets, up to the number that opens the breaker. While it is open, those whose
   * probes have failed take the places of the earlier ones.
   */
  readonly sockets: readonly SocketId[];
  /** When the first of those failed; 0 if none has. */
  readonly failingSince: number;
  /** When the breaker opened; 0 while it is closed. */
  readonly openedAt: number;
  /** While it is open: until when all hooks are held. Then one of them probes. */
  readonly heldUntil: number;
  /** While it is open: how many probes have begun. */
  readonly probes: number;
}

/** The circuit breaker of the app. All processes of a gateway share its state. */
export interface Breaker {
  /** How often this process has held hooks since it last opened the breaker. */
  readonly held: HeldCounts;
  /**
   * How long it may take until an answer of the app, in any process, has ended a row of failures, in milliseconds: 0 if
   * every process knows at once that there is one. The breaker does not open sooner after the first failure.
   */
  readonly heardWithinMs: number;
  /** How many hooks wait to be posted, where this process knows. */
  waiting?(): number;
  /** The state, at most five seconds old where several processes share it. */
  state(): MaybePromise<BreakerState>;
  /** Puts a state in place of the one that it was made from. False if that has changed meanwhile. */
  change(to: BreakerState): MaybePromise<boolean>;
}

/** How often hooks were held, each as often as it was due, and how many became dead letters or were lost meanwhile. */
export class HeldCounts {
  hooks = 0;
  handshakes = 0;
  dead = 0;
  lost = 0;
}

/** The state of a breaker that nothing has happened to. */
export const untouched: BreakerState = {
  version: 0,
  failures: 0,
  sockets: [],
  failingSince: 0,
  openedAt: 0,
  heldUntil: 0,
  probes: 0,
};
