import type { SocketId } from '../../wire/socket-id.ts';
import type { Journal } from '../deliver/journal.ts';
import type { Outcome } from '../deliver/outcome.ts';
import type { Gateway } from '../gateway.ts';
import type { CallClaim, ClaimedCall } from '../idempotency.ts';

/** How long outcomes wait until they are stored, in milliseconds. A call that is over by then never stores them. */
const saveAfterMs = 200;

/** The outcomes of a claimed call. While it runs they are stored every now and then, one write at a time. */
export class StoredJournal implements Journal {
  readonly isResumed: boolean;
  readonly outcomes: Map<SocketId, Outcome>;
  readonly #gateway: Pick<Gateway, 'idempotency' | 'clock' | 'log'>;
  readonly #request: string;
  readonly #claim: CallClaim;
  #isChanged = false;
  #isSaving = false;
  #isClosed = false;
  /** The write that is in progress. */
  #write: Promise<void> | undefined;

  /** `request` is the id that the log has for this run. */
  constructor(
    gateway: Pick<Gateway, 'idempotency' | 'clock' | 'log'>,
    request: string,
    { claim, isResumed, outcomes }: Extract<ClaimedCall, { kind: 'claimed' }>,
  ) {
    this.#gateway = gateway;
    this.#request = request;
    this.#claim = claim;
    this.isResumed = isResumed;
    this.outcomes = new Map(outcomes);
  }

  settle(outcome: Outcome, socket: SocketId): void {
    this.outcomes.set(socket, outcome);
    this.#isChanged = true;
    if (!this.#isSaving) void this.#save();
  }

  /** Stores nothing from now on. Resolves when no write is in progress. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#write;
  }

  async #save(): Promise<void> {
    const { idempotency, clock, log } = this.#gateway;
    this.#isSaving = true;
    while (this.#isChanged) {
      await clock.sleep(saveAfterMs);
      if (this.#isClosed) return;
      this.#isChanged = false;
      // If it is lost, a run that follows posts more again. That is no reason to end this one.
      this.#write = idempotency
        .progress(this.#claim, this.outcomes)
        .catch((error: unknown) => log.warn('progress_lost', { request: this.#request, why: String(error) }));
      await this.#write;
    }
    this.#isSaving = false;
  }
}
