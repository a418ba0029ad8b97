import type { Clock } from '../../functions/gateway/ports.ts';
import type { Task, TaskQueue } from '../../functions/gateway/tasks.ts';

/** A queue that delivers a task only when its delay is over, on a clock that a test moves. */
export class TimedTaskQueue implements TaskQueue {
  readonly #clock: Pick<Clock, 'now'>;
  #waiting: { readonly task: Task; readonly due: number }[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  async enqueue(task: Task, delayMs = 0): Promise<void> {
    this.#waiting.push({ task, due: this.#clock.now() + delayMs });
  }

  async enqueueBatches(tasks: readonly Task[], delayMs = 0): Promise<void> {
    for (const task of tasks) await this.enqueue(task, delayMs);
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** When the next task is due, in milliseconds since 1970; infinite if none waits. */
  get nextDue(): number {
    return Math.min(...this.#waiting.map(({ due }) => due));
  }

  /** Takes the tasks that are due. */
  take(): Task[] {
    const now = this.#clock.now();
    const due = this.#waiting.filter((one) => one.due <= now);
    this.#waiting = this.#waiting.filter((one) => one.due > now);
    return due.map(({ task }) => task);
  }
}
