import type { Task, TaskQueue } from '../../functions/gateway/ports.ts';

/** Keeps what is queued until a test runs it. `onQueue` sees each task as it comes; a throw is a fault of the world. */
export class FakeTaskQueue implements TaskQueue {
  readonly queued: Task[] = [];
  /** What was queued with a delay; the time for it never comes by itself. */
  readonly delayed: Task[] = [];
  /** The longest of its delays, in milliseconds. */
  delayMs = 0;
  onQueue: (task: Task) => void | Promise<void> = () => {};

  async enqueue(task: Task, delayMs = 0): Promise<void> {
    await this.onQueue(task);
    (delayMs > 0 ? this.delayed : this.queued).push(task);
    this.delayMs = Math.max(this.delayMs, delayMs);
  }

  /** Lets the time come for what was queued with a delay. */
  ripen(): void {
    this.queued.push(...this.delayed.splice(0));
    this.delayMs = 0;
  }

  /** Does what is queued, in order, and what is queued meanwhile. */
  async run(runTask: (task: Task) => Promise<void>): Promise<void> {
    for (let task = this.queued.shift(); task !== undefined; task = this.queued.shift()) await runTask(task);
  }
}
