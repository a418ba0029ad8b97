import type { Clock, Log } from '../gateway/ports.ts';
import type { RetryTask } from '../gateway/tasks.ts';
import { hookId } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { HookStore } from './hook-store.ts';
import type { StoredHook, WaitingArrival } from './stored.ts';

/** How many hooks are tried again at a time, so that an app that is back is not knocked over. */
const maxAtOnce = 64;

/** The longest timer. Node.js fires longer ones at once. */
const longestTimerMs = 2_147_483_647;

/** The pause after a fault of our own, in milliseconds. */
const faultPauseMs = 60_000;

/** What a retry queue needs from the gateway. */
export interface RetryWork {
  /** Posts a hook, and does what its answer says. If it fails, it comes back by `retry` before this resolves. */
  post(hook: StoredHook): Promise<unknown>;
  /** A socket has its first hook that waits. */
  blocked(socket: SocketId): void;
  /** The last hook of a socket that waited is done. */
  cleared(socket: SocketId): void;
}

/** A hook that is being posted. */
interface Posting {
  readonly id: string;
  /** When it is due again, in milliseconds since 1970, once it has come back to be tried again. */
  again: number | undefined;
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
  readonly #timers = new Map<SocketId, NodeJS.Timeout>();
  /** Sockets whose first hook is due, in the order in which that became so. */
  readonly #due: SocketId[] = [];
  readonly #posting = new Map<SocketId, Posting>();
  #isStopped = false;
  /** Resolves `idle`. */
  #waiter: (() => void) | undefined;

  constructor(hooks: HookStore, work: RetryWork, clock: Pick<Clock, 'now'>, log: Pick<Log, 'error'>) {
    this.#hooks = hooks;
    this.#work = work;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether hooks of a socket wait, so that what comes after them has to wait too. */
  has(socket: SocketId): boolean {
    return this.#hooks.has(socket);
  }

  /** Begins to post what a process before this one has left. */
  start(): void {
    this.#hooks.load();
    for (const socket of this.#hooks.sockets) {
      this.#work.blocked(socket);
      this.#schedule(socket, this.#dueAt(socket));
    }
  }

  /** Keeps a hook that failed, or that was a dead letter. `full`: there is no room for it, and it is not kept. */
  async retry(task: RetryTask): Promise<'kept' | 'full'> {
    const posting = this.#posting.get(task.socket);
    if (posting?.id === task.hook.id || this.#isKeptAlready(task)) {
      if (posting !== undefined) posting.again = task.dueAt;
      // Where there is no room, it is kept as it was before this attempt.
      await this.#hooks.replaceFirst(task);
      return 'kept';
    }
    return this.#append(task, task.dueAt);
  }

  /** Keeps a message behind the hooks of its socket, or before all others. It waits from the moment of the call. */
  append(arrival: WaitingArrival): Promise<'kept' | 'full'> {
    return this.#append(arrival, 0);
  }

  /** Posts nothing more. What waits stays in the store. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A message that is kept was done by somebody else, unless its hook has failed and is kept to be tried again. */
  async done(socket: SocketId, id: string): Promise<void> {
    const first = this.#hooks.first(socket);
    if (first?.kind !== 'message' || first.id !== id) return;
    await this.#remove(socket, hookId('message', id));
    if (!this.has(socket)) this.#work.cleared(socket);
  }

  /** Whether it is a message that was kept while it was tried, because the gateway stops. */
  #isKeptAlready({ socket, hook }: RetryTask): boolean {
    const first = this.#isStopped ? this.#hooks.first(socket) : undefined;
    return first?.kind === 'message' && hookId('message', first.id) === hook.id;
  }

  /** Resolves when no hook is being posted. */
  async idle(): Promise<void> {
    if (this.#posting.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiter = resolve;
    });
  }

  async #append(hook: StoredHook, dueAt: number): Promise<'kept' | 'full'> {
    const isFirst = !this.has(hook.socket);
    const appended = this.#hooks.append(hook);
    if (isFirst && this.has(hook.socket)) this.#work.blocked(hook.socket);
    const kept = await appended;
    if (!isFirst) return kept;
    if (kept === 'kept') this.#schedule(hook.socket, dueAt);
    else if (!this.has(hook.socket)) this.#work.cleared(hook.socket);
    return kept;
  }

  #dueAt(socket: SocketId): number {
    const first = this.#first(socket);
    return first?.kind === 'retry' ? first.dueAt : 0;
  }

  /** Undefined if it can't be read. It is removed when its turn comes. */
  #first(socket: SocketId): StoredHook | undefined {
    try {
      return this.#hooks.first(socket);
    } catch (error) {
      this.#log.error('hook_lost', { request: hookId('closed', socket), why: String(error) });
      return undefined;
    }
  }

  #schedule(socket: SocketId, dueAt: number): void {
    if (this.#isStopped) return;
    const pause = Math.min(longestTimerMs, Math.max(0, dueAt - this.#clock.now()));
    const due = (): void => {
      this.#timers.delete(socket);
      this.#due.push(socket);
      this.#postDue();
    };
    this.#timers.set(socket, setTimeout(due, pause).unref());
  }

  #postDue(): void {
    while (!this.#isStopped && this.#posting.size < maxAtOnce) {
      const socket = this.#due.shift();
      if (socket === undefined) return;
      void this.#post(socket);
    }
  }

  async #post(socket: SocketId): Promise<void> {
    const hook = this.#first(socket);
    const id = hook?.kind === 'retry' ? hook.hook.id : hookId('message', hook?.id ?? '');
    const posting: Posting = { id, again: undefined };
    this.#posting.set(socket, posting);
    try {
      if (hook !== undefined) await this.#work.post(hook);
    } catch (error) {
      this.#log.error('fault', { request: id, why: String(error) });
      posting.again ??= this.#clock.now() + faultPauseMs;
    }
    if (posting.again === undefined) await this.#remove(socket, id);
    this.#posting.delete(socket);
    if (this.#posting.size === 0) this.#waiter?.();
    if (this.#isStopped) return;
    if (this.has(socket)) this.#schedule(socket, posting.again ?? this.#dueAt(socket));
    else this.#work.cleared(socket);
    this.#postDue();
  }

  /** A hook that was posted and can't be removed is posted again after a restart: at least once. */
  async #remove(socket: SocketId, request: string): Promise<void> {
    try {
      await this.#hooks.removeFirst(socket);
    } catch (error) {
      this.#log.error('fault', { request, why: String(error) });
    }
  }
}
