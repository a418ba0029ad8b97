import { err, type Result } from '../wire/result.ts';
import type { Change, Refusal } from './store.ts';

/** The outcome of a write. */
export type Written = Result<undefined, Refusal>;

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: (written: Written) => void;
}

/** Collects the writes of a turn of the event loop into one commit. */
export class StoreWrites {
  readonly #commit: (writes: readonly (readonly Change[])[]) => Written;
  #waiting: Waiting[] = [];
  #isClosed = false;

  /** `commit` commits all writes or none, and never throws. */
  constructor(commit: (writes: readonly (readonly Change[])[]) => Written) {
    this.#commit = commit;
  }

  /** Resolves with the outcome of these changes. */
  add(changes: readonly Change[]): Promise<Written> {
    if (this.#isClosed) return Promise.resolve(err({ code: 'failed', why: 'The store is closed.' }));
    return new Promise((resolve) => {
      this.#waiting.push({ changes, resolve });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits. Later writes are refused. */
  close(): void {
    this.#isClosed = true;
    this.#flush();
  }

  #flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    const written = this.#commit(group.map(({ changes }) => changes));
    if (written.ok || group.length === 1) for (const { resolve } of group) resolve(written);
    // A write that is too large for the disk must not refuse others.
    else for (const { changes, resolve } of group) resolve(this.#commit([changes]));
  }
}
