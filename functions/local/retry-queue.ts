import type { Clock, Log } from '../gateway/ports.ts';
import type { RetryTask } from '../gateway/tasks.ts';
import { hookId } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { type Due, HookSchedule } from './hook-schedule.ts';
import type { FirstHook, HookStore } from './hook-store.ts';
import type { StoredHook, WaitingArrival } from './stored.ts';

/**
 * How many hooks are tried again at a time. An app that is back must not be knocked over: few at first, and one more
 * with each that was tried, even in vain, since hooks that hang must not hold up the others for long.
 */
export const atOnce = { first: 4, max: 64 };

/** The pause after a fault of our own, in milliseconds. */
const faultPauseMs = 60_000;

/** What a retry queue needs from the gateway. */
export interface RetryWork {
  /** Posts a hook, and does what its answer says. If it fails, it comes back by `retry` before this resolves. */
  post(hook: StoredHook): Promise<unknown>;
  /** Whether no hook of a socket is being posted by anybody else. If one is, `rested` is called when it is done. */
  isResting(socket: SocketId): boolean;
  /** Whether the app is away, so that its hooks are held. When it is back, `wake` is called. */
  isAppAway(): boolean;
  /** A socket has its first hook that waits. */
  blocked(socket: SocketId): void;
  /** The last hook of a socket that waited is done. */
  cleared(socket: SocketId): void;
}

/** How a message was tried that has no hook yet. */
const nothing = { tries: undefined, waiting: undefined };

/** A hook that is being posted. */
interface Posting {
  readonly id: string;
  readonly place: number;
  /** How often it was tried, if it is kept as a hook that is tried again. */
  readonly attempts: number | undefined;
  readonly waiting: RetryTask['waiting'];
  /** Once it has come back to be tried again. */
  again: Due | undefined;
}

/**
 * The hooks that failed and wait to be tried again, and the messages that came behind them. Those of one socket are posted
 * in order, one after another. Different sockets do not wait for each other.
 */
export class RetryQueue {
  readonly #hooks: HookStore;
  readonly #work: RetryWork;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Pick<Log, 'error'>;
  readonly #schedule: HookSchedule;
  /** Sockets whose hook is due, and waits until another hook of its socket is done. */
  readonly #restless = new Set<SocketId>();
  readonly #posting = new Map<SocketId, Posting>();
  #atOnce = atOnce.max;
  #isStopped = false;
  /** Resolves `idle`. */
  #waiter: (() => void) | undefined;

  constructor(hooks: HookStore, work: RetryWork, clock: Pick<Clock, 'now'>, log: Pick<Log, 'error'>) {
    this.#hooks = hooks;
    this.#work = work;
    this.#clock = clock;
    this.#log = log;
    this.#schedule = new HookSchedule(
      clock,
      () => work.isAppAway(),
      () => this.#postDue(),
    );
  }

  /** Whether hooks of a socket wait, so that what comes after them has to wait too. */
  has(socket: SocketId): boolean {
    return this.#hooks.has(socket);
  }

  /** Begins to post what a process before this one has left. */
  start(): void {
    this.#hooks.load();
    this.#atOnce = atOnce.first;
    for (const socket of this.#hooks.sockets) {
      this.#work.blocked(socket);
      this.#scheduleFirst(socket);
    }
  }

  /**
   * Keeps a hook that failed before all others of its socket, or one that was a dead letter behind them. `full`: there is
   * no room for it, and it is not kept.
   */
  async retry(task: RetryTask): Promise<'kept' | 'full'> {
    const posting = this.#posting.get(task.socket);
    const place = posting?.id === task.hook.id ? posting.place : this.#placeIfKept(task);
    if (place === undefined)
      return this.#keep(task.socket, () =>
        task.isReplay ? this.#hooks.append(task) : this.#hooks.prepend(task),
      );
    const isTried = task.tries.attempts !== (posting?.attempts ?? 0);
    // What is held once more is kept as it is. So is a hook whose attempt there is no room to note.
    if (isTried || task.waiting !== posting?.waiting) await this.#hooks.replaceFirst(task, place);
    // A probe that has failed waits for the app as well.
    if (posting !== undefined) posting.again = { ...dueOf(task), isHeld: !isTried || this.#work.isAppAway() };
    return 'kept';
  }

  /** The app is back: what waited for that goes on, few hooks at a time at first. */
  wake(): void {
    this.#atOnce = atOnce.first;
    this.#schedule.wake();
  }

  /** Keeps a message behind the hooks of its socket. It waits from the moment of the call. */
  append(arrival: WaitingArrival): Promise<'kept' | 'full'> {
    return this.#keep(arrival.socket, () => this.#hooks.append(arrival));
  }

  /** Keeps a message before the hooks of its socket. */
  prepend(arrival: WaitingArrival): Promise<'kept' | 'full'> {
    return this.#keep(arrival.socket, () => this.#hooks.prepend(arrival));
  }

  /** A message that is kept was done by somebody else, unless its hook has failed and is kept to be tried again. */
  async done(socket: SocketId, id: string): Promise<void> {
    const first = this.#first(socket);
    if (first?.hook.kind !== 'message' || first.hook.id !== id) return;
    await this.#remove(socket, hookId('message', id), first.place);
    if (!this.has(socket)) this.#work.cleared(socket);
  }

  /** The hook of a socket that somebody else posted is done. */
  rested(socket: SocketId): void {
    if (!this.#restless.delete(socket)) return;
    this.#schedule.push(socket);
  }

  /** Posts nothing more. What waits stays in the store. */
  stop(): void {
    this.#isStopped = true;
    this.#schedule.stop();
  }

  /** Resolves when no hook is being posted. */
  async idle(): Promise<void> {
    if (this.#posting.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiter = resolve;
    });
  }

  /** The place of a message that was kept while it was tried, because the gateway stops. */
  #placeIfKept({ socket, hook }: RetryTask): number | undefined {
    const first = this.#isStopped ? this.#first(socket) : undefined;
    if (first?.hook.kind !== 'message' || hookId('message', first.hook.id) !== hook.id) return undefined;
    return first.place;
  }

  async #keep(socket: SocketId, put: () => Promise<'kept' | 'full'>): Promise<'kept' | 'full'> {
    const isFirst = !this.has(socket);
    const kept = put();
    if (isFirst && this.has(socket)) this.#work.blocked(socket);
    try {
      return await kept;
    } finally {
      // Others may have been kept meanwhile, or none.
      if (this.has(socket)) this.#scheduleFirst(socket);
      else if (!this.#posting.has(socket)) this.#work.cleared(socket);
    }
  }

  /** Undefined if there is none, or it can't be read. */
  #first(socket: SocketId): FirstHook | undefined {
    try {
      return this.#hooks.first(socket);
    } catch (error) {
      this.#log.error('fault', { request: hookId('closed', socket), why: String(error) });
      return undefined;
    }
  }

  #scheduleFirst(socket: SocketId, due?: Due): void {
    if (this.#isStopped || this.#schedule.has(socket) || this.#posting.has(socket)) return;
    // To read the hook takes longer than to keep another behind it.
    this.#schedule.add(socket, due ?? this.#nextOf(socket));
  }

  /** When the first hook of a socket is due. One that was never tried was held, or is a replay, which is due. */
  #nextOf(socket: SocketId): Due {
    const hook = this.#first(socket)?.hook;
    if (hook?.kind !== 'retry') return { at: 0, isHeld: false };
    return { ...dueOf(hook), isHeld: hook.tries.attempts === 0 };
  }

  #postDue(): void {
    while (!this.#isStopped && this.#posting.size < this.#atOnce) {
      const socket = this.#schedule.shift();
      if (socket === undefined) return;
      if (this.#work.isResting(socket)) void this.#post(socket);
      else this.#restless.add(socket);
    }
  }

  async #post(socket: SocketId): Promise<void> {
    const place = this.#hooks.firstPlace(socket) ?? 0;
    const hook = this.#first(socket)?.hook;
    const id = hook?.kind === 'retry' ? hook.hook.id : hookId('message', hook?.id ?? '');
    const { tries, waiting } = hook?.kind === 'retry' ? hook : nothing;
    const posting: Posting = { id, place, attempts: tries?.attempts, waiting, again: undefined };
    this.#posting.set(socket, posting);
    this.#schedule.begin(socket);
    try {
      if (hook !== undefined) await this.#work.post(dueNow(hook, this.#clock.now()));
      else this.#log.error('hook_lost', { request: hookId('closed', socket), why: 'it cannot be read' });
    } catch (error) {
      this.#log.error('fault', { request: id, why: String(error) });
      posting.again ??= { at: this.#clock.now() + faultPauseMs, isHeld: false };
    }
    if (posting.again === undefined) await this.#remove(socket, id, place);
    if (posting.again?.isHeld !== true) this.#atOnce = Math.min(atOnce.max, this.#atOnce + 1);
    this.#posting.delete(socket);
    if (this.#posting.size === 0) this.#waiter?.();
    if (this.#isStopped) return;
    if (this.has(socket)) this.#scheduleFirst(socket, posting.again);
    else this.#work.cleared(socket);
    this.#postDue();
  }

  /** A hook that was posted and can't be removed is posted again after a restart: at least once. */
  async #remove(socket: SocketId, request: string, place: number): Promise<void> {
    try {
      await this.#hooks.removeFirst(socket, place);
    } catch (error) {
      this.#log.error('fault', { request, why: String(error) });
    }
  }
}

function dueOf({ dueAt, waiting }: RetryTask): Pick<Due, 'at' | 'mayWake'> {
  return { at: dueAt, mayWake: waiting !== undefined };
}

/** A hook that goes on before its time, because the app is back. */
function dueNow(hook: StoredHook, now: number): StoredHook {
  return hook.kind === 'retry' && hook.dueAt > now ? { ...hook, dueAt: now } : hook;
}
