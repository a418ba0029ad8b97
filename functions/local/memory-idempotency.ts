import type { CallClaim, ClaimedCall, Idempotency, KeptAnswer, Outcomes } from '../gateway/idempotency.ts';
import type { Clock } from '../gateway/ports.ts';
import { limits } from '../wire/limits.ts';

/** How many calls are kept, and how many bytes they may take. */
const usualRoom = { calls: 200_000, bytes: 128 * 1_048_576 };

/** What a call takes besides its answer and its outcomes, in bytes. With 500,000 short answers it was 486 with them. */
const callBytes = 512;
/** What an outcome takes, in bytes. */
const outcomeBytes = 64;

/** How many calls are forgotten at a time: a thousand take less than a millisecond. */
const forgottenAtOnce = 1_000;

/** What is kept of one call. */
interface Entry {
  readonly fingerprint: string;
  readonly startedAt: number;
  /** The call, and the id of its first claim. */
  readonly source: string;
  claim: string;
  /** On the monotonic clock. */
  claimEnds: number;
  outcomes: Outcomes;
  answer: KeptAnswer | undefined;
  bytes: number;
}

const none: Outcomes = new Map();

/**
 * The calls with idempotency keys of one process, in its memory. None is forgotten before its day is over: if there are
 * too many, the next one is refused.
 */
export class MemoryIdempotency implements Idempotency {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #room: typeof usualRoom;
  #bytes = 0;
  #claims = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, room: typeof usualRoom = usualRoom) {
    this.#clock = clock;
    this.#room = room;
  }

  async claim(call: string, fingerprint: string, forMs: number): Promise<ClaimedCall> {
    const since = this.#clock.now() - limits.idempotencySeconds * 1_000;
    this.#forgetExpired(since);
    const known = this.#known(call, since);
    if (known === undefined) return this.#begin(call, fingerprint, forMs);
    if (known.fingerprint !== fingerprint) return { kind: 'other' };
    if (known.answer !== undefined) return { kind: 'answered', answer: known.answer };
    const left = known.claimEnds - this.#clock.monotonic();
    return left > 0 ? { kind: 'running', forMs: left } : this.#claimed(call, known, forMs, true);
  }

  async progress(claim: CallClaim, outcomes: Outcomes): Promise<void> {
    const entry = this.#held(claim);
    if (entry === undefined) return;
    entry.outcomes = new Map(outcomes);
    this.#resize(entry, outcomes.size * outcomeBytes);
  }

  async suspend(claim: CallClaim, outcomes: Outcomes): Promise<void> {
    await this.progress(claim, outcomes);
    const entry = this.#held(claim);
    if (entry !== undefined) entry.claimEnds = Number.NEGATIVE_INFINITY;
  }

  async answer(claim: CallClaim, answer: KeptAnswer): Promise<void> {
    const entry = this.#held(claim);
    if (entry === undefined) return;
    entry.answer = answer;
    entry.outcomes = none;
    this.#resize(entry, 2 * answer.body.length);
  }

  async release(claim: CallClaim): Promise<void> {
    const entry = this.#held(claim);
    if (entry !== undefined) this.#forget(claim.call, entry);
  }

  /** The entry of a call whose day is not over. */
  #known(call: string, since: number): Entry | undefined {
    const entry = this.#entries.get(call);
    if (entry === undefined || entry.startedAt > since) return entry;
    this.#forget(call, entry);
    return undefined;
  }

  #begin(call: string, fingerprint: string, forMs: number): ClaimedCall {
    if (this.#isFull) return { kind: 'full' };
    const startedAt = this.#clock.now();
    const rest = { claim: '', claimEnds: 0, outcomes: none, answer: undefined };
    const source = `${call}#${this.#claims + 1}`;
    const entry: Entry = { fingerprint, startedAt, source, ...rest, bytes: 0 };
    this.#resize(entry, 0);
    this.#entries.set(call, entry);
    return this.#claimed(call, entry, forMs, false);
  }

  #claimed(call: string, entry: Entry, forMs: number, isResumed: boolean): ClaimedCall {
    this.#claims += 1;
    entry.claim = String(this.#claims);
    entry.claimEnds = this.#clock.monotonic() + forMs;
    const { claim: id, source, outcomes } = entry;
    return { kind: 'claimed', claim: { call, id }, source, isResumed, outcomes };
  }

  /** The call of a claim that has not been lost. */
  #held({ call, id }: CallClaim): Entry | undefined {
    const entry = this.#entries.get(call);
    return entry?.claim === id && entry.answer === undefined ? entry : undefined;
  }

  #resize(entry: Entry, more: number): void {
    this.#bytes += callBytes + more - entry.bytes;
    entry.bytes = callBytes + more;
  }

  #forget(call: string, entry: Entry): void {
    this.#bytes -= entry.bytes;
    this.#entries.delete(call);
  }

  get #isFull(): boolean {
    return this.#entries.size >= this.#room.calls || this.#bytes >= this.#room.bytes;
  }

  /** The map is in the order of the first calls, so the oldest come first. Some may be left, but never for want of room. */
  #forgetExpired(since: number): void {
    let forgotten = 0;
    for (const [call, entry] of this.#entries) {
      if (entry.startedAt > since || (forgotten >= forgottenAtOnce && !this.#isFull)) return;
      this.#forget(call, entry);
      forgotten += 1;
    }
  }
}
