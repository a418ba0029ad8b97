import type { SocketRecord } from '../gateway/record.ts';
import type { SocketTask, Task } from '../gateway/tasks.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { atOnce } from './retry-queue.ts';

/** Where the records of sockets are looked up. */
interface Records {
  get(socket: SocketId): Pick<SocketRecord, 'leaseUntil'> | undefined;
}

/**
 * Runs tasks. Closed hooks that were postponed are paced: an outage postpones those of all sockets that ended in it,
 * and one sweep finds them all. So are those of all sockets that a kill has ended. A closed hook on its first attempt
 * waits for nothing.
 */
export class PacedClosed {
  readonly #records: Records;
  /** Sockets that a process before this one has left. */
  readonly #owed = new Set<SocketId>();
  readonly #run: (task: Task) => Promise<void>;
  /** Each is told whether it may begin. */
  #waiting: ((mayBegin: boolean) => void)[] = [];
  #atOnce = atOnce.max;
  #running = 0;
  /** How often the app has come back. */
  #wakes = 0;
  #isStopped = false;

  constructor(records: Records, run: (task: Task) => Promise<void>) {
    this.#records = records;
    this.#run = run;
  }

  /** Runs a task, in its turn. */
  readonly run = (task: Task): Promise<void> =>
    task.kind === 'closed' && this.#isPostponed(task.socket) ? this.#runPaced(task) : this.#run(task);

  /** The closed hook of a socket that a process before this one has left is paced as if it had been postponed. */
  owe(socket: SocketId): void {
    this.#owed.add(socket);
  }

  /** The app is back, or the gateway has started: few hooks at a time at first. */
  wake(): void {
    this.#wakes += 1;
    this.#atOnce = atOnce.first;
  }

  /** Begins nothing more that was postponed. Its records are kept. */
  stop(): void {
    this.#isStopped = true;
    for (const tell of this.#waiting) tell(false);
    this.#waiting = [];
  }

  async #runPaced(task: SocketTask): Promise<void> {
    if (!(await this.#turn())) return;
    const wakes = this.#wakes;
    try {
      await this.#run(task);
    } finally {
      this.#running -= 1;
      // Even in vain: hooks that hang must not hold up the others for long.
      if (wakes === this.#wakes) this.#atOnce = Math.min(atOnce.max, this.#atOnce + 1);
      this.#beginNext();
    }
  }

  #isPostponed(socket: SocketId): boolean {
    return this.#owed.delete(socket) || (this.#records.get(socket)?.leaseUntil ?? 0) > 0;
  }

  /** Waits for its turn. False if the gateway stops before that. */
  async #turn(): Promise<boolean> {
    if (this.#isStopped) return false;
    const turn = new Promise<boolean>((resolve) => this.#waiting.push(resolve));
    this.#beginNext();
    return turn;
  }

  #beginNext(): void {
    while (this.#running < this.#atOnce) {
      const tell = this.#waiting.shift();
      if (tell === undefined) return;
      this.#running += 1;
      tell(true);
    }
  }
}
