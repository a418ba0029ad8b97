/** Something to be done in a lane. */
export type Job = () => Promise<void>;

/** Who is told of a lane. */
export interface LaneWatcher {
  /** There is nothing more to do, for now. */
  idle(): void;
  fault(fault: unknown): void;
}

/** The work on one socket: one job after another, in the order they came. A new lane is held until it is released. */
export class Lane {
  readonly #jobs: { readonly job: Job; readonly name: string }[] = [];
  readonly #watcher: LaneWatcher;
  #held = true;
  #running = false;
  #current = '';

  constructor(watcher: LaneWatcher) {
    this.#watcher = watcher;
  }

  /** Whether there is nothing to do and nothing to wait for. */
  get isIdle(): boolean {
    return !this.#held && !this.#running;
  }

  /** What is being done and what is still to do, by the names that it was given. */
  get unfinished(): string[] {
    return [...(this.#running ? [this.#current] : []), ...this.#jobs.map(({ name }) => name)];
  }

  push(job: Job, name = ''): void {
    this.#jobs.push({ job, name });
    this.#start();
  }

  release(): void {
    this.#held = false;
    this.#start();
  }

  #start(): void {
    if (!this.#held && !this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#jobs.shift(); next !== undefined; next = this.#jobs.shift()) {
      this.#current = next.name;
      try {
        await next.job();
      } catch (fault) {
        this.#watcher.fault(fault);
      }
    }
    this.#running = false;
    this.#watcher.idle();
  }
}
