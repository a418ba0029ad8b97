/**
 * Remembers which hooks were handled, by their ids, so that a captured hook can't be played again and a hook that
 * the gateway repeats is not handled twice. One for several processes would be in Redis or in a database.
 */
export interface SeenIds {
  /** Begins with a hook: `new` to handle it, `running` while another attempt is handled, `done` if one was. */
  begin(id: string): SeenState | Promise<SeenState>;
  /** The hook was handled. */
  done(id: string): void | Promise<void>;
  /** The hook was not handled: the next attempt is new. */
  failed(id: string): void | Promise<void>;
}

/** Where a hook stands. */
export type SeenState = 'new' | 'running' | 'done';

/** A hook is good for 5 minutes before and after its timestamp, so its id is kept for 10. */
const keptMs = 600_000;

/** Ids in the memory of this process: of the last 10 minutes, and at most 100,000. */
export class MemorySeenIds implements SeenIds {
  readonly #ids = new Map<string, { readonly state: 'running' | 'done'; readonly until: number }>();
  readonly #most: number;
  readonly #now: () => number;

  constructor({ most = 100_000, now = Date.now }: { most?: number; now?: () => number } = {}) {
    this.#most = most;
    this.#now = now;
  }

  begin(id: string): SeenState {
    this.#forget();
    const known = this.#ids.get(id);
    if (known !== undefined) return known.state;
    this.#set(id, 'running');
    return 'new';
  }

  done(id: string): void {
    this.#set(id, 'done');
  }

  failed(id: string): void {
    this.#ids.delete(id);
  }

  #set(id: string, state: 'running' | 'done'): void {
    this.#ids.delete(id);
    this.#ids.set(id, { state, until: this.#now() + keptMs });
  }

  /** The map is in the order of time, so the oldest come first. */
  #forget(): void {
    const now = this.#now();
    for (const [id, { until }] of this.#ids) {
      if (until > now && this.#ids.size < this.#most) return;
      this.#ids.delete(id);
    }
  }
}
