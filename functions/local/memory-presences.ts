import type { Clock, Log } from '../gateway/ports.ts';
import {
  type Departure,
  type PresenceKey,
  type PresenceLease,
  type PresenceState,
  type Presences,
  type Recheck,
  type RecheckRequest,
  unknownPresence,
} from '../gateway/presences.ts';
import type { Store } from './store.ts';
import { isGone, nameOf, StoredPresences } from './stored-presences.ts';

interface Entry {
  state: PresenceState;
  token: string;
  /** On the monotonic clock. */
  leaseEnds: number;
  isPostponed: boolean;
  /** The latest departure that a task has waited for which asked the holder of the lease to look again. */
  recheck: number | undefined;
  wasAsked: boolean;
}

/**
 * What the app knows of who is in which group, in one process. What was told, and what is being told, is in the store, so
 * that the next process tells of those who have gone with this one.
 */
export class MemoryPresences implements Presences {
  readonly #stored: StoredPresences;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #entries = new Map<string, Entry>();
  #leases = 0;

  constructor(store: Store, clock: Pick<Clock, 'now' | 'monotonic'>, log: Pick<Log, 'warn'>) {
    this.#stored = new StoredPresences(store, clock, log, (key) => this.#entries.get(nameOf(key))?.state);
    this.#clock = clock;
  }

  /**
   * Reads what a process before this one has told, and returns the subjects that may have gone with it, each with a socket
   * that it had. They have left now. Throws if the store holds what it never wrote.
   */
  load(): readonly (PresenceKey & Pick<Departure, 'socket'>)[] {
    const loaded: (PresenceKey & Pick<Departure, 'socket'>)[] = [];
    for (const { group, subject, ...state } of this.#stored.load()) {
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
  forget(): Promise<void> {
    return this.#stored.clear();
  }

  /** Of how many subjects the app would be told once all sockets have gone. */
  get owed(): number {
    return [...this.#entries.values()].filter(({ state }) => !isGone(state)).length;
  }

  /**
   * Writes what the store has refused once more, and never again. Resolves with how many subjects are unknown to it. Of
   * others it may have what was told before, so that the next process tells it again.
   */
  close(): Promise<number> {
    return this.#stored.close();
  }

  async lease(key: PresenceKey, forMs: number): Promise<PresenceLease> {
    const entry = this.#entry(key);
    const left = entry.leaseEnds - this.#clock.monotonic();
    if (left > 0 && entry.isPostponed) return { kind: 'postponed', token: entry.token, forMs: left };
    if (left > 0) return { kind: 'busy', forMs: left, recheck: entry.recheck };
    this.#leases += 1;
    Object.assign(entry, {
      token: String(this.#leases),
      leaseEnds: this.#clock.monotonic() + forMs,
      isPostponed: false,
      recheck: undefined,
      wasAsked: false,
    });
    return { kind: 'leased', token: entry.token, state: entry.state };
  }

  async set(key: PresenceKey, token: string, state: PresenceState): Promise<boolean> {
    const entry = this.#leased(key, token);
    if (entry === undefined) return false;
    const { departure } = entry.state;
    entry.state = { ...state, departure };
    if (isGone(state)) this.#stored.forget(state.sequence);
    await this.#stored.write([key]);
    return this.#leased(key, token) !== undefined;
  }

  async requestRecheck(key: PresenceKey, waited: number): Promise<RecheckRequest> {
    const entry = this.#entries.get(nameOf(key));
    const forMs = (entry?.leaseEnds ?? 0) - this.#clock.monotonic();
    if (entry === undefined || forMs <= 0 || entry.isPostponed) return { kind: 'free' };
    const isFirst = !entry.wasAsked;
    entry.recheck = Math.max(entry.recheck ?? waited, waited);
    entry.wasAsked = true;
    return { kind: 'requested', isFirst, forMs };
  }

  async releaseOrRecheck(key: PresenceKey, token: string): Promise<Recheck | undefined> {
    const entry = this.#leased(key, token);
    const waited = entry?.recheck;
    if (entry === undefined || waited === undefined) {
      await this.release(key, token);
      return undefined;
    }
    entry.recheck = undefined;
    return { waited, state: entry.state };
  }

  async release(key: PresenceKey, token: string, postponeMs = 0): Promise<void> {
    const entry = this.#leased(key, token);
    if (entry === undefined) return;
    entry.leaseEnds = this.#clock.monotonic() + postponeMs;
    entry.isPostponed = postponeMs > 0;
    if (!isGone(entry.state)) return;
    this.#entries.delete(nameOf(key));
    this.#stored.forget(entry.state.sequence);
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
      state: { ...unknownPresence, sequence: this.#stored.forgotten },
      token: '',
      leaseEnds: Number.NEGATIVE_INFINITY,
      isPostponed: false,
      recheck: undefined,
      wasAsked: false,
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
}
