import type { Log } from '../gateway/ports.ts';
import type { RetryTask, SocketTask, Task, TaskQueue } from '../gateway/tasks.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';

/** The queues of one process. */
interface Queues {
  readonly sockets: {
    enqueue(task: Exclude<SocketTask, RetryTask>, delayMs?: number): Promise<void>;
    /** Closes a client because there is no room for what it has sent. */
    refuse(socket: SocketId, why: string): void;
  };
  /** Broadcasts have a queue of their own, since they are about no socket in particular. */
  readonly broadcasts: Pick<BroadcastQueue, 'segment' | 'batches'>;
  readonly retries: { retry(task: RetryTask): Promise<'kept' | 'full'> };
}

/** The task queue of one process. */
export class LocalTasks implements TaskQueue {
  readonly #queues: Queues;
  readonly #run: (task: Task) => Promise<void>;
  readonly #log: Pick<Log, 'error'>;
  /** The last replay of all dead letters. The next one begins when it is done. */
  #replay: Promise<void> = Promise.resolve();

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
      case 'replay':
        this.#replay = this.#replay
          .then(() => this.#run(task))
          .catch((error: unknown) => {
            this.#log.error('fault', { request: 'replay', why: String(error) });
          });
        return;
      default:
        return sockets.enqueue(task, delayMs);
    }
  }

  enqueueBatches(...tasks: Parameters<TaskQueue['enqueueBatches']>): Promise<void> {
    return this.#queues.broadcasts.batches(...tasks);
  }

  /** A client whose message can't be kept is closed, so that it knows. A dead letter that can't be replayed stays. */
  async #retry(task: RetryTask): Promise<void> {
    if ((await this.#queues.retries.retry(task)) === 'kept') return;
    const why = 'there is no room for hooks that wait to be tried again';
    if (task.isReplay) throw new Error(why);
    this.#log.error('hook_lost', { request: task.hook.id, hook: task.hook.event, why });
    this.#queues.sockets.refuse(task.socket, why);
  }
}
