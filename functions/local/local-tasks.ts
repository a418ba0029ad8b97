import type { Log } from '../gateway/ports.ts';
import { hookFacts } from '../gateway/relay/hook-facts.ts';
import type { RetryTask, SocketTask, Task, TaskQueue } from '../gateway/tasks.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';
import type { PresenceQueue } from './presence-queue.ts';

/** The queues of one process. */
interface Queues {
  readonly sockets: {
    enqueue(task: Exclude<SocketTask, RetryTask>, delayMs?: number): Promise<void>;
    /** Closes a client because there is no room for what it has sent. */
    refuse(socket: SocketId): void;
  };
  /** Broadcasts have a queue of their own, since they are about no socket in particular. */
  readonly broadcasts: Pick<BroadcastQueue, 'segment' | 'batches'>;
  readonly presences: Pick<PresenceQueue, 'enqueue'>;
  readonly retries: { retry(task: RetryTask): Promise<'kept' | 'full'> };
}

type ReplayTask = Extract<Task, { kind: 'replay' }>;

/** The task queue of one process. */
export class LocalTasks implements TaskQueue {
  readonly #queues: Queues;
  readonly #run: (task: Task) => Promise<void>;
  readonly #log: Pick<Log, 'error'>;
  /** Whether all dead letters are being replayed, and the replay that begins when that is done. */
  #isReplaying = false;
  #nextReplay: ReplayTask | undefined;

  /** `run` runs the tasks that have no queue. */
  constructor(queues: Queues, run: (task: Task) => Promise<void>, log: Pick<Log, 'error'>) {
    this.#queues = queues;
    this.#run = run;
    this.#log = log;
  }

  async enqueue(task: Task, delayMs?: number): Promise<void> {
    const { sockets, broadcasts } = this.#queues;
    switch (task.kind) {
      case 'segment':
        return broadcasts.segment(task);
      case 'batch':
        return broadcasts.batches([task], delayMs);
      case 'retry':
        return this.#retry(task);
      case 'presence':
        return this.#queues.presences.enqueue(task, delayMs);
      case 'replay':
        return this.#replay(task);
      default:
        return sockets.enqueue(task, delayMs);
    }
  }

  enqueueBatches(...tasks: Parameters<TaskQueue['enqueueBatches']>): Promise<void> {
    return this.#queues.broadcasts.batches(...tasks);
  }

  /**
   * One replay covers all that waited for their turn, if it takes the letters that died until the last was asked for.
   */
  #replay(task: ReplayTask): void {
    if ((this.#nextReplay?.until ?? 0) <= task.until) this.#nextReplay = task;
    if (!this.#isReplaying) void this.#replayAll();
  }

  async #replayAll(): Promise<void> {
    this.#isReplaying = true;
    for (let task = this.#nextReplay; task !== undefined; task = this.#nextReplay) {
      this.#nextReplay = undefined;
      try {
        await this.#run(task);
      } catch (error) {
        this.#log.error('fault', { request: 'replay', why: String(error) });
      }
    }
    this.#isReplaying = false;
  }

  /** A client whose message can't be kept is closed, so that it knows. A dead letter that can't be replayed stays. */
  async #retry(task: RetryTask): Promise<void> {
    if ((await this.#queues.retries.retry(task)) === 'kept') return;
    const why = 'there is no room for hooks that wait to be tried again';
    if (task.isReplay) throw new Error(why);
    this.#log.error('hook_lost', { ...hookFacts(task.hook), why });
    this.#queues.sockets.refuse(task.socket);
  }
}
