import type { Log } from '../gateway/ports.ts';
import type { PresenceTask } from '../gateway/tasks.ts';
import { atOnce } from './retry-queue.ts';

/** Tasks whose turns do not depend on those of the other lane. */
class Lane {
  /** Those that wait for their turn, in order: no more than there are subjects, however often these come and go. */
  readonly due = new Map<string, PresenceTask>();
  running = 0;
  /** How many may run at a time: each may post a hook. */
  atOnce = atOnce.max;
}

interface Waiting {
  readonly task: PresenceTask;
  readonly dueAt: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * The tasks that look who is in a group. One for each subject in a group is enough, the earliest: it looks at what is there
 * then, and comes back if it is too early for what came later.
 */
export class PresenceQueue {
  readonly #run: (task: PresenceTask) => Promise<void>;
  readonly #log: Pick<Log, 'error'>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #first = new Lane();
  /** Those that go on with a hook that has failed. The app may take long for them, or fail for hours. */
  readonly #again = new Lane();
  /** How often the app has come back. */
  #wakes = 0;
  #isStopped = false;
  #idle: (() => void) | undefined;

  constructor(run: (task: PresenceTask) => Promise<void>, log: Pick<Log, 'error'>) {
    this.#run = run;
    this.#log = log;
  }

  enqueue(task: PresenceTask, delayMs = 0): void {
    if (this.#isStopped) return;
    const name = nameOf(task, task.after);
    const dueAt = performance.now() + delayMs;
    const lane = task.after === undefined ? this.#first : this.#again;
    if (lane.due.has(name)) return;
    const before = this.#waiting.get(name);
    if (before !== undefined && before.dueAt <= dueAt) return;
    clearTimeout(before?.timer);
    const due = (): void => {
      this.#waiting.delete(name);
      lane.due.set(name, task);
      this.#runDue(lane);
    };
    // A timer may be early by a part of a millisecond, and nobody has left before the grace is over.
    const timer = setTimeout(due, delayMs > 0 ? delayMs + 1 : 0).unref();
    this.#waiting.set(name, { task, dueAt, timer });
  }

  /** The app is back, or the gateway has started: few tasks of a lane at a time at first. */
  wake(): void {
    this.#wakes += 1;
    for (const lane of [this.#first, this.#again]) lane.atOnce = atOnce.first;
  }

  /** Runs nothing more, and resolves when nothing runs. What the app was not told is told by the next process. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#first.due.clear();
    this.#again.due.clear();
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  get #isIdle(): boolean {
    return this.#first.running + this.#again.running === 0;
  }

  /** Whether a task that has run was put off: until the end of a grace, or of a lease. */
  #waitsOn(task: PresenceTask): boolean {
    return [undefined, task.after].some((after) => this.#waiting.has(nameOf(task, after)));
  }

  #runDue(lane: Lane): void {
    for (const [name, task] of lane.due) {
      if (lane.running >= lane.atOnce) return;
      lane.due.delete(name);
      void this.#runOne(task, lane);
    }
  }

  async #runOne(task: PresenceTask, lane: Lane): Promise<void> {
    lane.running += 1;
    const wakes = this.#wakes;
    try {
      await this.#run(task);
    } catch (error) {
      this.#log.error('fault', { task: task.kind, socket: task.socket, why: String(error) });
      this.enqueue(task, faultPauseMs);
    }
    lane.running -= 1;
    // Even in vain, as with the hooks that are tried again. A look that waits on has posted nothing.
    if (wakes === this.#wakes && !this.#waitsOn(task)) lane.atOnce = Math.min(atOnce.max, lane.atOnce + 1);
    if (this.#isStopped && this.#isIdle) this.#idle?.();
    this.#runDue(lane);
  }
}

/** No name of a group holds a control character, and no lease does. */
function nameOf({ group, subject }: PresenceTask, after = ''): string {
  return `${group}\0${subject}\0${after}`;
}

/** The pause after a fault of our own, in milliseconds. */
const faultPauseMs = 60_000;
