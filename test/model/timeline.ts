/** When every play begins, in milliseconds since 1970. */
const beginsAt = 1_764_000_000_000;

/** How many events a play may have. None should come near it: a play that has more never comes to rest. */
const mostEvents = 50_000;

/** Those who plan something. What is planned does not happen after its death. */
export interface Mortal {
  readonly isDead: boolean;
}

const nature: Mortal = { isDead: false };

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly owner: Mortal;
  readonly happen: () => void;
  isCancelled: boolean;
}

/** The timers of Node.js that a timeline takes over. */
const names = ['setTimeout', 'clearTimeout', 'setImmediate'] as const;

/**
 * A clock that jumps from one event to the next. While it is installed, the timers of Node.js are on it, and belong to
 * `owner`, the process that runs.
 */
export class Timeline {
  /** In milliseconds since 1970. */
  time = beginsAt;
  /** The process that sets the timers of Node.js. */
  owner: Mortal = nature;
  #order = 0;
  #events = 0;
  /** In the order in which they happen, the next one last. */
  readonly #planned: Planned[] = [];
  #immediates: Planned[] = [];
  readonly #real = new Map<string, unknown>();

  /** Takes over the timers of Node.js. */
  install(): void {
    for (const name of names) this.#real.set(name, Reflect.get(globalThis, name));
    const timer = (planned: Planned) => {
      const handle = { planned, unref: () => handle };
      return handle;
    };
    const setTimeout = (happen: () => void, ms = 0) => timer(this.#plan(ms, happen, this.owner));
    const clearTimeout = (handle?: { readonly planned: Planned }): void => {
      if (handle !== undefined) handle.planned.isCancelled = true;
    };
    const setImmediate = (happen: () => void): void => {
      this.#immediates.push({ ...this.#entry(0, happen, this.owner) });
    };
    for (const [name, timed] of Object.entries({ setTimeout, clearTimeout, setImmediate }))
      Reflect.set(globalThis, name, timed);
  }

  /** Gives them back. */
  uninstall(): void {
    for (const [name, timer] of this.#real) Reflect.set(globalThis, name, timer);
  }

  /** Plans what happens in `ms` milliseconds, if its owner lives until then. */
  after(ms: number, happen: () => void, owner: Mortal = nature): void {
    this.#plan(ms, happen, owner);
  }

  /** Resolves in `ms` milliseconds, and never if its owner dies before. */
  sleep(ms: number, owner: Mortal = nature): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve, owner));
  }

  /** How many events a process still waits for. */
  pendingOf(owner: Mortal): number {
    return [...this.#planned, ...this.#immediates].filter(
      (planned) => planned.owner === owner && !planned.isCancelled,
    ).length;
  }

  /** Lets time pass. Everything happens that is planned until then, and whatever follows from it. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    await this.#turn();
    for (
      let next = this.#planned.at(-1);
      next !== undefined && next.at <= until;
      next = this.#planned.at(-1)
    ) {
      this.#planned.pop();
      this.#events += 1;
      if (this.#events > mostEvents) throw new Error('The gateway never comes to rest.');
      this.time = Math.max(this.time, next.at);
      happen(next);
      await this.#turn();
    }
    this.time = until;
  }

  /** Everything runs that waits for no timer. */
  async #turn(): Promise<void> {
    await settled();
    while (this.#immediates.length > 0) {
      this.#events += 1;
      const now = this.#immediates;
      this.#immediates = [];
      for (const immediate of now) happen(immediate);
      await settled();
    }
  }

  #plan(ms: number, happen: () => void, owner: Mortal): Planned {
    const planned = this.#entry(ms, happen, owner);
    let at = this.#planned.length;
    while (at > 0 && (this.#planned[at - 1]?.at ?? 0) <= planned.at) at -= 1;
    this.#planned.splice(at, 0, planned);
    return planned;
  }

  #entry(ms: number, happen: () => void, owner: Mortal): Planned {
    this.#order += 1;
    return {
      at: this.time + Math.max(0, Math.ceil(ms)),
      order: this.#order,
      owner,
      happen,
      isCancelled: false,
    };
  }
}

function happen({ owner, isCancelled, happen }: Planned): void {
  if (!owner.isDead && !isCancelled) happen();
}

/** In Node.js a tick runs after all microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
