/** What a `ReliableSocket` is doing. It is `waiting` between two attempts, and `closed` for good. */
export type SocketState = 'connecting' | 'open' | 'waiting' | 'closing' | 'closed';

/**
 * Gives the URL of the next connection; runs before each. `null` stops the socket for good. If it throws or rejects, the
 * socket tries again later. The signal is aborted once the answer is no longer wanted.
 */
export type Url = (signal: AbortSignal) => string | URL | null | Promise<string | URL | null>;

/** Where time comes from; `globalThis` and `performance` unless a test passes another. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds. The result cancels that. */
  after(ms: number, run: () => void): () => void;
}

/** Settings of a `ReliableSocket`. All times are in milliseconds, and `Infinity` switches off what waits for one. */
export interface Options {
  /** The subprotocols to offer. */
  readonly protocols?: string | string[];
  /** How many bytes of UTF-8 `send` keeps while there is no connection; 65,536 by default. It throws beyond that. */
  readonly bufferBytes?: number;
  /** The longest first pause; 2,000 by default. A later one may take half the time that there has been no connection. */
  readonly firstPauseMs?: number;
  /** No pause is longer than this; 30,000 by default. */
  readonly longestPauseMs?: number;
  /** How long one attempt may take, with its URL; 35,000 by default, since API Gateway gives a handshake 29 seconds. */
  readonly attemptMs?: number;
  /** It pings when it has received nothing for so long; 45,000 by default, as proxies often cut after 60 seconds. */
  readonly pingMs?: number;
  /** How long a pong may take; 10,000 by default. It counts only on a connection that has brought a pong before. */
  readonly pongMs?: number;
  /**
   * It opens the next connection at this age, or up to a tenth earlier; 6,600,000 by default, since API Gateway cuts
   * each after 7,200,000.
   */
  readonly renewMs?: number;
  /** How long the old connection still receives beside its successor; 5,000 by default. */
  readonly overlapMs?: number;
  /** The class that connects; the browser's by default. */
  readonly WebSocket?: new (
    url: string | URL,
    protocols?: string | string[],
  ) => WebSocket;
  readonly clock?: Clock;
  /** A number from 0 up to 1. */
  readonly random?: () => number;
  /** Says `online` when the network is back; the window by default. */
  readonly network?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
}

/** Every setting with its value. */
export type Settings = Required<Options>;

const numbers = {
  bufferBytes: 65_536,
  firstPauseMs: 2_000,
  longestPauseMs: 30_000,
  attemptMs: 35_000,
  pingMs: 45_000,
  pongMs: 10_000,
  renewMs: 6_600_000,
  overlapMs: 5_000,
};

/** A timer of a browser takes no longer pause: HTML keeps it in 31 bits, and 2,147,483,648 would mean at once. */
const longestTimerMs = 2_147_483_647;

const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    if (ms > longestTimerMs) return () => {};
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The settings, with the defaults. Throws a `RangeError` that names a number which is none, or is negative. */
export function settingsOf(options: Options): Settings {
  const network = typeof addEventListener === 'function' ? globalThis : new EventTarget();
  const system = { protocols: [], WebSocket: globalThis.WebSocket, clock: systemClock, random: Math.random };
  const settings = { ...numbers, ...system, network, ...options };
  for (const [name, value] of Object.entries(settings)) {
    if (name in numbers && !(typeof value === 'number' && value >= 0))
      throw new RangeError(`${name} must be a number, and not negative`);
  }
  return settings;
}
