import { DeadlineQueue } from './deadline-queue.ts';

/** The maximum number of shared queues. Any other duration gets a queue, and so a timer, for each wait. */
const maxQueues = 8;

/** One queue for each duration, of which there are usually one or two. */
export class DeadlineQueues {
  readonly #queues = new Map<number, DeadlineQueue>();

  /** The queue for waits of this many milliseconds. */
  of(ms: number): DeadlineQueue {
    const known = this.#queues.get(ms);
    if (known !== undefined) return known;
    const queue = new DeadlineQueue(ms);
    if (this.#queues.size >= maxQueues) this.#forget();
    if (this.#queues.size < maxQueues) this.#queues.set(ms, queue);
    return queue;
  }

  #forget(): void {
    for (const [ms, queue] of this.#queues) if (queue.isEmpty) this.#queues.delete(ms);
  }
}
