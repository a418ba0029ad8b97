import type { HookResponse } from './answer.ts';

/**
 * Remembers the ids of handled hooks and their answers. A captured hook can't be replayed, and a hook that the gateway
 * repeats because it got no answer is answered as before, not handled twice. For an app of several processes, implement
 * it with Redis or a database.
 */
export interface SeenIds {
  /** Starts to handle a hook, if it is new. */
  begin(id: string): Seen | Promise<Seen>;
  /** The hook was handled, and this is its answer, which may be stored as JSON. */
  done(id: string, answer: HookResponse): void | Promise<void>;
  /** The handler failed: the next attempt counts as new. */
  failed(id: string): void | Promise<void>;
}

/** The state of a hook: not handled yet, being handled by another attempt, or handled and answered. */
export type Seen =
  | { readonly state: 'new' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly answer: HookResponse };

/** A signature is valid from 5 minutes before to 5 minutes after its timestamp, so ids are kept for 10 minutes. */
const keptMs = 600_000;

interface Entry {
  readonly seen: Seen;
  readonly until: number;
  readonly size: number;
}

/**
 * Keeps the hooks of the last 10 minutes in the memory of this process: at most `maxIds` ids, 100,000 by default, and
 * at most `maxCharacters` characters of answers, 16 Mi by default. Drops the oldest first, and answers before ids.
 */
export class MemorySeenIds implements SeenIds {
  readonly #entries = new Map<string, Entry>();
  /** The ids whose answers are kept, oldest first. */
  readonly #answered = new Set<string>();
  readonly #maxIds: number;
  readonly #maxCharacters: number;
  readonly #now: () => number;
  #characters = 0;

  constructor({ maxIds = 100_000, maxCharacters = 2 ** 24, now = Date.now } = {}) {
    this.#maxIds = maxIds;
    this.#maxCharacters = maxCharacters;
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

  /**
   * The map is in order of insertion, so the oldest come first. A hook that is being handled is kept for its 10
   * minutes.
   */
  #forget(): void {
    const now = this.#now();
    for (const [id, { seen, until }] of this.#entries) {
      if (until > now && this.#entries.size < this.#maxIds) break;
      if (seen.state !== 'running' || until <= now) this.#delete(id);
    }
    // Iterates over the kept answers only: there may be tens of thousands of ids without one.
    for (const id of this.#answered) {
      if (this.#characters <= this.#maxCharacters) return;
      this.#strip(id);
    }
  }

  /** Drops the answer of a hook, but keeps its id. */
  #strip(id: string): void {
    const entry = this.#entries.get(id);
    this.#answered.delete(id);
    if (entry === undefined) return;
    this.#characters -= entry.size;
    this.#entries.set(id, { seen: { state: 'done', answer: handledBefore }, until: entry.until, size: 0 });
  }
}

/** The answer to a hook that was handled but whose answer has been dropped. */
const handledBefore: HookResponse = {
  status: 200,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: 'This hook was handled before.\n',
};
