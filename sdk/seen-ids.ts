import type { HookResponse } from './answer.ts';

/**
 * Remembers which hooks were handled, by their ids, and how they were answered: so that a captured hook can't be
 * played again, and a hook that the gateway repeats, because the answer did not reach it, is answered as before and
 * not handled twice. One for several processes would be in Redis or in a database.
 */
export interface SeenIds {
  /** Begins with a hook. */
  begin(id: string): Seen | Promise<Seen>;
  /** The hook was handled, and this is the answer; it may be kept as JSON. */
  done(id: string, answer: HookResponse): void | Promise<void>;
  /** The hook was not handled: the next attempt is new. */
  failed(id: string): void | Promise<void>;
}

/** Where a hook stands: to be handled, being handled by another attempt, or handled and answered. */
export type Seen =
  | { readonly state: 'new' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly answer: HookResponse };

/** A hook is good for 5 minutes before and after its timestamp, so its id is kept for 10. */
const keptMs = 600_000;

interface Entry {
  readonly seen: Seen;
  readonly until: number;
  readonly size: number;
}

/**
 * Hooks in the memory of this process: of the last 10 minutes, at most so many ids, 100,000 by default, and so many
 * characters of answers, 16 Mi by default; the oldest go first.
 */
export class MemorySeenIds implements SeenIds {
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;
  readonly #mostCharacters: number;
  readonly #now: () => number;
  #characters = 0;

  constructor({ most = 100_000, mostCharacters = 2 ** 24, now = Date.now } = {}) {
    this.#most = most;
    this.#mostCharacters = mostCharacters;
    this.#now = now;
  }

  begin(id: string): Seen {
    this.#forget();
    const known = this.#entries.get(id);
    if (known !== undefined) return known.seen;
    this.#set(id, { state: 'running' }, 0);
    return { state: 'new' };
  }

  done(id: string, answer: HookResponse): void {
    this.#set(id, { state: 'done', answer }, answer.body.length);
  }

  failed(id: string): void {
    this.#delete(id);
  }

  #set(id: string, seen: Seen, size: number): void {
    this.#delete(id);
    this.#entries.set(id, { seen, until: this.#now() + keptMs, size });
    this.#characters += size;
  }

  #delete(id: string): void {
    this.#characters -= this.#entries.get(id)?.size ?? 0;
    this.#entries.delete(id);
  }

  /** The map is in the order of time, so the oldest come first. */
  #forget(): void {
    const now = this.#now();
    for (const [id, { until }] of this.#entries) {
      const isFull = this.#entries.size >= this.#most || this.#characters > this.#mostCharacters;
      if (until > now && !isFull) return;
      this.#delete(id);
    }
  }
}
