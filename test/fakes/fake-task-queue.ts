import type { Task, TaskQueue } from '../../functions/gateway/tasks.ts';

/** Keeps tasks until a test runs them. `onQueue` sees each task as it is queued. If it throws, the world fails. */
export class FakeTaskQueue implements TaskQueue {
  readonly queued: Task[] = [];
  /** Tasks with a delay. They become due only when the test calls `ripen`. */
  readonly delayed: Task[] = [];
  /** The longest of their delays, in milliseconds. */
  delayMs = 0;
  onQueue: (task: Task) => void | Promise<void> = () => {};

  async enqueue(task: Task, delayMs = 0): Promise<void> {
    await this.onQueue(task);
    (delayMs > 0 ? this.delayed : this.queued).push(task);
    this.delayMs = Math.max(this.delayMs, delayMs);
  }

  async enqueueBatches(tasks: readonly Task[], delayMs = 0): Promise<void> {
    for (const task of tasks) await this.enqueue(task, delayMs);
  }

  /** Makes all delayed tasks due. */
  ripen(): void {
    this.queued.push(...this.delayed.splice(0));
    this.delayMs = 0;
  }

  /** Runs the queued tasks in order, including those queued meanwhile. */
  async run(runTask: (task: Task) => Promise<void>): Promise<void> {
    for (let task = this.queued.shift(); task !== undefined; task = this.queued.shift()) await runTask(task);
  }
}
