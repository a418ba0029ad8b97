import type { Clock, Log } from '../gateway/ports.ts';
import {
  type Departure,
  type PresenceKey,
  type PresenceLease,
  type PresenceState,
  type Presences,
  unknownPresence,
} from '../gateway/presences.ts';
import type { GroupName } from '../wire/group.ts';
import type { Store, Stored } from './store.ts';
import { readPresence, write } from './stored.ts';
import { after, keysOf, presenceKey } from './stored-keys.ts';

/** When a write is made again that the store refused, in milliseconds, and how many subjects it has at most. */
const again = { ms: 1_000, most: 1_000 };

/** A store that refuses is logged at most once in this many milliseconds. */
const warnedMs = 60_000;

interface Entry {
  state: PresenceState;
  token: string;
  /** On the monotonic clock. */
  leaseEnds: number;
  isPostponed: boolean;
}

/**
 * What the app knows of who is in which group, in one process. What was told, and what is being told, is in the store, so
 * that the next process tells of those who have gone with this one.
 */
export class MemoryPresences implements Presences {
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #entries = new Map<string, Entry>();
  /**
   * The subjects whose state the store refused. They are known here, or the store still has them: no more wait than those
   * two have.
   */
  readonly #refused = new Map<string, PresenceKey>();
  #repeating: NodeJS.Timeout | undefined;
  #isClosed = false;
  #leases = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  /** The greatest number of those that were forgotten: one that comes back goes on from there, if the clock was set back. */
  #forgotten = unknownPresence.sequence;

  constructor(store: Store, clock: Pick<Clock, 'now' | 'monotonic'>, log: Pick<Log, 'warn'>) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Reads what a process before this one has told, and returns the subjects that may have gone with it, each with a socket
   * that it had. They have left now. Throws if the store holds what it never wrote.
   */
  load(): readonly (PresenceKey & Pick<Departure, 'socket'>)[] {
    const loaded: (PresenceKey & Pick<Departure, 'socket'>)[] = [];
    for (const { value } of [...this.#stored()].flat()) {
      const { group, subject, ...state } = readPresence(value);
      const { socket, path } = state.telling ?? state.told ?? { socket: undefined, path: undefined };
      if (socket === undefined) continue;
      this.#entry({ group, subject }).state = {
        ...state,
        departure: { socket, path, at: this.#clock.now() },
      };
      loaded.push({ group, subject, socket });
    }
    return loaded;
  }

  /** Deletes what a process before this one has told: presence is off by now, so nobody wants to hear how it goes on. */
  async forget(): Promise<void> {
    // One write for each page, so that a gateway that starts has soon done it.
    for (const page of this.#stored()) {
      const written = await this.#store.write(page.map(({ key }) => ({ key, value: undefined })));
      if (!written.ok) this.#warn(undefined, written.error.why);
    }
  }

  /** Of how many subjects the app would be told once all sockets have gone. */
  get owed(): number {
    return [...this.#entries.values()].filter(({ state }) => !isGone(state)).length;
  }

  /**
   * Writes what the store has refused once more, and never again. Resolves with how many subjects are unknown to it. Of
   * others it may have what was told before, so that the next process tells it again.
   */
  async close(): Promise<number> {
    this.#isClosed = true;
    clearTimeout(this.#repeating);
    await this.#write([...this.#refused.values()]);
    return [...this.#refused.values()].filter((key) => !this.#isStored(key)).length;
  }

  *#stored(): Generator<readonly Stored[]> {
    const [start, before] = keysOf('presence');
    for (let from = start; ; ) {
      const page = this.#store.range(from, before, 1_000);
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      from = after(last.key);
    }
  }

  async lease(key: PresenceKey, forMs: number): Promise<PresenceLease> {
    const entry = this.#entry(key);
    const left = entry.leaseEnds - this.#clock.monotonic();
    if (left > 0 && entry.isPostponed) return { kind: 'postponed', token: entry.token, forMs: left };
    if (left > 0) return { kind: 'busy', forMs: left };
    this.#leases += 1;
    Object.assign(entry, {
      token: String(this.#leases),
      leaseEnds: this.#clock.monotonic() + forMs,
      isPostponed: false,
    });
    return { kind: 'leased', token: entry.token, state: entry.state };
  }

  async set(key: PresenceKey, token: string, state: PresenceState): Promise<boolean> {
    const entry = this.#leased(key, token);
    if (entry === undefined) return false;
    const { departure } = entry.state;
    entry.state = { ...state, departure };
    await this.#write([key]);
    return this.#leased(key, token) !== undefined;
  }

  async release(key: PresenceKey, token: string, postponeMs = 0): Promise<void> {
    const entry = this.#leased(key, token);
    if (entry === undefined) return;
    entry.leaseEnds = this.#clock.monotonic() + postponeMs;
    entry.isPostponed = postponeMs > 0;
    if (!isGone(entry.state)) return;
    this.#entries.delete(nameOf(key));
    this.#forgotten = Math.max(this.#forgotten, entry.state.sequence);
  }

  async depart(key: PresenceKey, departure: Departure): Promise<void> {
    const entry = this.#entry(key);
    if ((entry.state.departure?.at ?? 0) <= departure.at) entry.state = { ...entry.state, departure };
  }

  async departure(key: PresenceKey): Promise<Departure | undefined> {
    return this.#entries.get(nameOf(key))?.state.departure;
  }

  #entry(key: PresenceKey): Entry {
    const name = nameOf(key);
    const entry = this.#entries.get(name) ?? {
      state: { ...unknownPresence, sequence: this.#forgotten },
      token: '',
      leaseEnds: Number.NEGATIVE_INFINITY,
      isPostponed: false,
    };
    this.#entries.set(name, entry);
    return entry;
  }

  #leased(key: PresenceKey, token: string): Entry | undefined {
    const entry = this.#entries.get(nameOf(key));
    return entry?.token === token && !entry.isPostponed && entry.leaseEnds > this.#clock.monotonic()
      ? entry
      : undefined;
  }

  /** Stores how it stands with some subjects. What the store refuses is written again, as it stands then. */
  async #write(keys: readonly PresenceKey[]): Promise<void> {
    if (keys.length === 0) return;
    for (const key of keys) this.#refused.delete(nameOf(key));
    const written = await this.#store.write(
      keys.map((key) => ({ key: presenceKey(key), value: this.#valueOf(key) })),
    );
    if (written.ok) return;
    this.#warn(keys[0]?.group, written.error.why);
    for (const key of keys) if (this.#isOwed(key)) this.#refused.set(nameOf(key), key);
    this.#repeatLater();
  }

  #repeatLater(): void {
    if (this.#isClosed || this.#refused.size === 0) return;
    this.#repeating ??= setTimeout(() => void this.#repeat(), again.ms).unref();
  }

  async #repeat(): Promise<void> {
    await this.#write([...this.#refused.values()].slice(0, again.most));
    this.#repeating = undefined;
    this.#repeatLater();
  }

  /** What the store is to have of a subject; undefined for nothing. */
  #valueOf(key: PresenceKey): Uint8Array | undefined {
    const { group, subject } = key;
    const { state } = this.#entries.get(nameOf(key)) ?? { state: unknownPresence };
    return isGone(state) ? undefined : write({ group, subject, ...state, departure: undefined });
  }

  /** Whether the store has something else of a subject than it is to have. */
  #isOwed(key: PresenceKey): boolean {
    const state = this.#entries.get(nameOf(key))?.state;
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

/** Whether nothing is known of a subject that the app would have to be told one day. */
function isGone({ told, telling }: PresenceState): boolean {
  return told?.event !== 'joined' && telling === undefined;
}

/** No name of a group holds a control character. */
function nameOf({ group, subject }: PresenceKey): string {
  return `${group}\0${subject}`;
}
