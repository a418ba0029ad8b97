import type { Clock, Log } from '../gateway/ports.ts';
import { type PresenceKey, type PresenceState, unknownPresence } from '../gateway/presences.ts';
import type { GroupName } from '../wire/group.ts';
import type { Change, Store, Stored } from './store.ts';
import { readPresence, readSequence, type StoredPresence, write, writeSequence } from './stored.ts';
import { after, keysOf, presenceKey, sequenceKey } from './stored-keys.ts';

/** When a write is made again that the store refused, in milliseconds, and how many subjects it has at most. */
const again = { ms: 1_000, most: 1_000 };

/** A store that refuses is logged at most once in this many milliseconds. */
const warnedMs = 60_000;

/** What the next process is to know of who is in which group: how it stands with each subject, in the store. */
export class StoredPresences {
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #stateOf: (key: PresenceKey) => PresenceState | undefined;
  /**
   * The subjects whose state the store refused. They are known here, or the store still has them: no more wait than those
   * two have.
   */
  readonly #refused = new Map<string, PresenceKey>();
  #repeating: NodeJS.Timeout | undefined;
  #isClosed = false;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #forgotten = unknownPresence.sequence;

  /** `stateOf` says how it stands with a subject now, if anything is known of it. */
  constructor(
    store: Store,
    clock: Pick<Clock, 'monotonic'>,
    log: Pick<Log, 'warn'>,
    stateOf: (key: PresenceKey) => PresenceState | undefined,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#stateOf = stateOf;
  }

  /**
   * The greatest number of the subjects that were forgotten, also by earlier processes: one that comes back goes on from
   * there, if the clock was set back.
   */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Reads what the processes before have stored. Throws if the store holds what they never wrote. */
  load(): readonly StoredPresence[] {
    const forgotten = this.#store.get(sequenceKey);
    if (forgotten !== undefined) this.forget(readSequence(forgotten));
    return [...this.#pages()].flat().map(({ value }) => readPresence(value));
  }

  /** Notes the number of a subject that is forgotten. */
  forget(sequence: number): void {
    this.#forgotten = Math.max(this.#forgotten, sequence);
  }

  /** Deletes all subjects, also those that can't be read. Their greatest number is kept. */
  async clear(): Promise<void> {
    this.#forgetAsStored();
    // One write for each page, so that a gateway that starts has soon done it.
    for (const page of this.#pages()) {
      for (const { value } of page) this.forget(unlessUnreadable(() => readPresence(value).sequence));
      const deleted = page.map(({ key }) => ({ key, value: undefined }));
      const written = await this.#store.write([...deleted, ...this.#numberToKeep]);
      if (!written.ok) this.#warn(undefined, written.error.why);
    }
  }

  /** Stores how it stands with some subjects. What the store refuses is written again, as it stands then. */
  async write(keys: readonly PresenceKey[]): Promise<void> {
    if (keys.length === 0) return;
    for (const key of keys) this.#refused.delete(nameOf(key));
    const changes = keys.map((key) => ({ key: presenceKey(key), value: this.#valueOf(key) }));
    const isForgetting = changes.some(({ value }) => value === undefined);
    const numbers = isForgetting ? [{ key: sequenceKey, value: writeSequence(this.#forgotten) }] : [];
    const written = await this.#store.write([...changes, ...numbers]);
    if (written.ok) return;
    this.#warn(keys[0]?.group, written.error.why);
    for (const key of keys) if (this.#isOwed(key)) this.#refused.set(nameOf(key), key);
    this.#repeatLater();
  }

  /** Writes what the store has refused once more, and never again. Resolves with how many subjects are unknown to it. */
  async close(): Promise<number> {
    this.#isClosed = true;
    clearTimeout(this.#repeating);
    await this.write([...this.#refused.values()]);
    return [...this.#refused.values()].filter((key) => !this.#isStored(key)).length;
  }

  get #numberToKeep(): readonly Change[] {
    if (this.#forgotten === unknownPresence.sequence) return [];
    return [{ key: sequenceKey, value: writeSequence(this.#forgotten) }];
  }

  /** Notes the number that the processes before have forgotten. */
  #forgetAsStored(): void {
    const stored = this.#store.get(sequenceKey);
    if (stored !== undefined) this.forget(unlessUnreadable(() => readSequence(stored)));
  }

  *#pages(): Generator<readonly Stored[]> {
    const [start, before] = keysOf('presence');
    for (let from = start; ; ) {
      const page = this.#store.range(from, before, 1_000);
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      from = after(last.key);
    }
  }

  #repeatLater(): void {
    if (this.#isClosed || this.#refused.size === 0) return;
    this.#repeating ??= setTimeout(() => void this.#repeat(), again.ms).unref();
  }

  async #repeat(): Promise<void> {
    await this.write([...this.#refused.values()].slice(0, again.most));
    this.#repeating = undefined;
    this.#repeatLater();
  }

  /** What the store is to have of a subject; undefined for nothing. */
  #valueOf(key: PresenceKey): Uint8Array | undefined {
    const { group, subject } = key;
    const state = this.#stateOf(key) ?? unknownPresence;
    return isGone(state) ? undefined : write({ group, subject, ...state, departure: undefined });
  }

  /** Whether the store has something else of a subject than it is to have. */
  #isOwed(key: PresenceKey): boolean {
    const state = this.#stateOf(key);
    return (state !== undefined && !isGone(state)) || this.#isStored(key);
  }

  /** Whether the store has anything of a subject. If it can't be read, the next process can't read it either. */
  #isStored(key: PresenceKey): boolean {
    try {
      return this.#store.get(presenceKey(key)) !== undefined;
    } catch {
      return false;
    }
  }

  /** A disk that is full refuses every change. */
  #warn(group: GroupName | undefined, why: string): void {
    if (this.#clock.monotonic() - this.#warnedAt < warnedMs) return;
    this.#warnedAt = this.#clock.monotonic();
    this.#log.warn('presence_not_kept', { group, why });
  }
}

/** A number of the store, or the least where it holds what was never written. */
function unlessUnreadable(read: () => number): number {
  try {
    return read();
  } catch {
    return unknownPresence.sequence;
  }
}

/** Whether nothing is known of a subject that the app would have to be told one day. */
export function isGone({ told, telling }: PresenceState): boolean {
  return told?.event !== 'joined' && telling === undefined;
}

/** Names a subject in a group. No name of a group holds a control character. */
export function nameOf({ group, subject }: PresenceKey): string {
  return `${group}\0${subject}`;
}
