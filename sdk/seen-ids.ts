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
 * characters of answers, 16 Mi by default. The oldest go first, of answers before ids.
 */
export class MemorySeenIds implements SeenIds {
  readonly #entries = new Map<string, Entry>();
  /** The ids whose answers are kept, in the order of time. */
  readonly #answered = new Set<string>();
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
    const known = this.#entries.get(id);
    if (known !== undefined && known.until > this.#now()) return known.seen;
    this.#forget();
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
    if (size > 0) this.#answered.add(id);
  }

  #delete(id: string): void {
    this.#characters -= this.#entries.get(id)?.size ?? 0;
    this.#entries.delete(id);
    this.#answered.delete(id);
  }

  /** The map is in the order of time, so the oldest come first. What is being handled is never forgotten. */
  #forget(): void {
    const now = this.#now();
    for (const [id, { seen, until }] of this.#entries) {
      if (until > now && this.#entries.size < this.#most) break;
      if (seen.state !== 'running' || until <= now) this.#delete(id);
    }
    // What was stripped before is not looked at again: there may be tens of thousands.
    for (const id of this.#answered) {
      if (this.#characters <= this.#mostCharacters) return;
      this.#strip(id);
    }
  }

  /** Keeps the id of a hook and forgets how it was answered. */
  #strip(id: string): void {
    const entry = this.#entries.get(id);
    this.#answered.delete(id);
    if (entry === undefined) return;
    this.#characters -= entry.size;
    this.#entries.set(id, { seen: { state: 'done', answer: handledBefore }, until: entry.until, size: 0 });
  }
}

/** What is said to a hook that was handled, and whose answer is forgotten. */
const handledBefore: HookResponse = {
  status: 200,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: 'This hook was handled before.\n',
};
