import { DeadlineQueue } from './deadline-queue.ts';

/** How many times there are queues for; beyond them each wait has a timer of its own. */
const maxQueues = 8;

/** A queue for each time that something may take, of which there are usually one or two. */
export class DeadlineQueues {
  readonly #queues = new Map<number, DeadlineQueue>();

  /** The queue of those that wait for so many milliseconds. */
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
