import type { Log } from '../gateway/ports.ts';
import type { BatchTask, Task } from '../gateway/tasks.ts';

/** A task of a broadcast. */
type BroadcastTask = Extract<Task, { kind: 'segment' }> | BatchTask;

/** How many batches of a broadcast wait at most: its segment is read no faster than its batches are posted. */
const maxWaiting = 2;

/**
 * The tasks of broadcasts, which are posted one after another, a batch at a time. So they reach each client in the order
 * of their calls, and other work gets its turn in between.
 */
export class BroadcastQueue {
  readonly #run: (task: BroadcastTask) => Promise<void>;
  readonly #log: Log;
  /** Segments wait until the batches of the segment before them are posted. */
  #segments: BroadcastTask[] = [];
  #batches: BatchTask[] = [];
  #isRunning = false;
  #isReading = false;
  #isStopped = false;
  /** Batches whose pause is not over. */
  #delayed = 0;
  #inProgress = 0;
  /** Resolves when there is room for more batches. */
  #room: (() => void)[] = [];

  constructor(run: (task: BroadcastTask) => Promise<void>, log: Log) {
    this.#run = run;
    this.#log = log;
  }

  segment(task: Extract<Task, { kind: 'segment' }>): void {
    this.#segments.push(task);
    this.#goOn();
  }

  /** Resolves when there is room for more. */
  async batches(tasks: readonly BatchTask[], delayMs = 0): Promise<void> {
    if (this.#isStopped) return;
    if (delayMs > 0) {
      this.#delayed += tasks.length;
      setTimeout(() => this.#ripen(tasks), delayMs).unref();
      return;
    }
    this.#batches.push(...tasks);
    this.#goOn();
    if (this.#batches.length >= maxWaiting) await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  /** Drops what is not posted yet. Returns how many tasks that were, with those that are in progress. */
  stop(): number {
    const left = this.#segments.length + this.#batches.length + this.#delayed + this.#inProgress;
    this.#isStopped = true;
    this.#segments = [];
    this.#batches = [];
    this.#makeRoom();
    return left;
  }

  #ripen(tasks: readonly BatchTask[]): void {
    this.#delayed -= tasks.length;
    void this.batches(tasks);
  }

  #goOn(): void {
    if (!this.#isReading && this.#batches.length === 0) void this.#read();
    if (!this.#isRunning) void this.#post();
  }

  async #read(): Promise<void> {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    this.#isReading = true;
    await this.#try(segment);
    this.#isReading = false;
    this.#goOn();
  }

  async #post(): Promise<void> {
    this.#isRunning = true;
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      if (this.#batches.length < maxWaiting) this.#makeRoom();
      await this.#try(batch);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isRunning = false;
    if (!this.#isReading && this.#segments.length > 0) void this.#read();
  }

  async #try(task: BroadcastTask): Promise<void> {
    if (this.#isStopped) return;
    this.#inProgress += 1;
    try {
      await this.#run(task);
    } catch (error) {
      this.#log.error('fault', { request: `broadcast_${task.broadcast}`, why: String(error) });
    }
    this.#inProgress -= 1;
  }

  #makeRoom(): void {
    for (const resolve of this.#room) resolve();
    this.#room = [];
  }
}
