import type { Clock } from '../gateway/ports.ts';
import type { SocketId } from '../wire/socket-id.ts';

/**
 * The longest pause, as long as `MESSAGE_RETRY_MINUTES` may be. If a hook is due even later, the clock was set back.
 */
const longestPauseMs = 2_880 * 60_000;

/**
 * The longest wait for the next look at whether the app is back, in milliseconds: the longest pause between probes, and
 * the time over which held hooks are spread. A hook that has probed often would wait for longer, and nobody might
 * probe.
 */
const longestHeldMs = 35_000;

/** When the first hook of a socket is due. */
export interface Due {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Whether it waits for the app to be back. */
  readonly isHeld: boolean;
  /** Whether it waits for its time, and goes on before that if the app comes back. */
  readonly mayWake?: boolean;
}

/** The sockets whose first hook has its time to come, and those whose hook is due, in the order of their times. */
export class HookSchedule {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #isAppAway: () => boolean;
  readonly #ready: () => void;
  readonly #timers = new Map<SocketId, NodeJS.Timeout>();
  /** Those that go on when the app is back. */
  readonly #waking = new Set<SocketId>();
  readonly #due: SocketId[] = [];

  /** `ready` is called when hooks are due. */
  constructor(clock: Pick<Clock, 'now'>, isAppAway: () => boolean, ready: () => void) {
    this.#clock = clock;
    this.#isAppAway = isAppAway;
    this.#ready = ready;
  }

  /** Whether a socket is scheduled, and was not begun since. */
  has(socket: SocketId): boolean {
    return this.#timers.has(socket);
  }

  /** Schedules a socket. A hook that is held goes on at once if the app is back by now. */
  add(socket: SocketId, { at, isHeld, mayWake = false }: Due): void {
    const early = Math.max(0, at - this.#clock.now());
    const isDue = isHeld ? !this.#isAppAway() : early > longestPauseMs;
    const pause = isDue ? 0 : Math.min(isHeld ? longestHeldMs : longestPauseMs, early);
    if (isHeld || mayWake) this.#waking.add(socket);
    const due = (): void => {
      this.#waking.delete(socket);
      this.#due.push(socket);
      this.#ready();
    };
    this.#timers.set(socket, setTimeout(due, pause).unref());
  }

  /** The next socket that is due, if there is one. */
  shift(): SocketId | undefined {
    return this.#due.shift();
  }

  /** The hook of a socket that was due is due again, as the last. */
  push(socket: SocketId): void {
    this.#due.push(socket);
    this.#ready();
  }

  /** The hook of a socket is being posted. */
  begin(socket: SocketId): void {
    this.#timers.delete(socket);
  }

  /** The app is back: all hooks that waited for that are due. */
  wake(): void {
    for (const socket of this.#waking) {
      clearTimeout(this.#timers.get(socket));
      this.#due.push(socket);
    }
    this.#waking.clear();
    this.#ready();
  }

  /** No hook becomes due any more. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
