import type { DeadLetter } from '../../functions/gateway/dead-letters.ts';
import type { Mortal } from './timeline.ts';

/** What the app made of a hook. `unknown`: it did what it should, but its answer never came. */
export type Verdict = 'accepted' | 'refused' | 'unwanted' | 'invalid' | 'failed' | 'unknown';

/** A hook that arrived at the app. Times are in milliseconds since 1970. */
export interface Arrival {
  readonly id: string;
  readonly event: string;
  readonly socket: string;
  readonly client: number;
  /** The number of a message among those of its client, from 0. */
  readonly index: number;
  readonly at: number;
  /** The process that posted it. */
  readonly by: Mortal;
  readonly verdict: Verdict;
  /** The close code that a closed hook tells. */
  readonly code?: string | undefined;
  /** Until when it is in progress; infinite until that is known. */
  until: number;
  /** Whether the process that posted it lived to hear the answer. */
  isHeard: boolean;
}

/** A message that the gateway has accepted from its client. */
export interface Sent {
  readonly index: number;
  readonly at: number;
  /** Why it may be lost. */
  excuse?: string;
}

/** A client, as it is known outside of the gateway. */
export interface Client {
  readonly number: number;
  readonly path: string;
  socket: string | undefined;
  readonly sent: Sent[];
  /** Whether the gateway may owe it no closed hook, and why. */
  excuse?: string;
  /** How many of its messages were logged as lost. */
  logged: number;
  /** Since when what it sends is dropped, because the app has closed its socket, or a message of it has failed. */
  dropsSince?: number;
  /** When it left, or the app closed its socket. */
  endedAt?: number;
  /** When its connection was closed, by whomever. */
  goneAt?: number;
  /** When a message of it failed for which its socket is to be closed, if it was open. */
  failedAt?: number;
  /** Whether dead letters of it were replayed. They come behind what waits, in memory too. */
  isReplayed?: boolean;
}

/** A process tried to post a hook. */
type Attempt = Pick<Arrival, 'id' | 'client' | 'index' | 'by' | 'until'>;

/** The dead letters were asked to be replayed that died until a moment. */
interface Replay {
  readonly until: number;
  /** The ids of their hooks, as far as they are known. */
  readonly hooks: Set<string>;
}

/** A process that has died. */
interface Death {
  readonly process: Mortal;
  readonly at: number;
}

/** How long after an answer a death may still cause its hook to be posted again, in milliseconds. */
const forgetMs = 1_000;

/** What happened outside of the gateway, and what must be true of it. */
export class Ledger {
  readonly clients: Client[] = [];
  readonly arrivals: Arrival[] = [];
  /** What must never happen, and did. */
  readonly violations: string[] = [];
  /** The hooks that were asked to be replayed, and how often. */
  readonly replays = new Map<string, number>();
  /** Whether the world had faults besides deaths, after which hooks may come twice. */
  isTroubled = false;
  /** Whether a queue handed out tasks twice. Then messages and replays may come twice, and no closed hook. */
  areTasksDoubled = false;
  readonly #deaths: Death[] = [];
  readonly #asked: Replay[] = [];
  /** The letters of which it is not known yet whether they are kept. */
  readonly #keeping = new Set<DeadLetter>();
  /** The attempts that found no app. */
  readonly #missed: Attempt[] = [];
  /** Whether the hooks of a socket come in order. */
  readonly #isOrdered: boolean;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  client(): Client {
    const { length: number } = this.clients;
    const client: Client = { number, path: `/room/${number % 3}`, socket: undefined, sent: [], logged: 0 };
    this.clients.push(client);
    return client;
  }

  get hasDeaths(): boolean {
    return this.#deaths.length > 0;
  }

  died(process: Mortal, at: number): void {
    this.#deaths.push({ process, at });
  }

  /** Whether a process died from one time to another. */
  hasDeathBetween(from: number, to: number): boolean {
    return this.#deaths.some(({ at }) => at >= from && at <= to);
  }

  /** Those of these letters are asked to be replayed that died until a moment. */
  replayed(letters: readonly DeadLetter[], until: number): void {
    const replay = { until, hooks: new Set<string>() };
    this.#asked.push(replay);
    for (const letter of [...letters, ...this.#keeping]) this.#replays(replay, letter);
  }

  /** A letter is about to be kept. Replays that were asked for before may still find it. */
  keeping(letter: DeadLetter): void {
    this.#keeping.add(letter);
    for (const replay of this.#asked) this.#replays(replay, letter);
  }

  kept(letter: DeadLetter): void {
    this.#keeping.delete(letter);
  }

  #replays({ until, hooks }: Replay, { hook, diedAt }: DeadLetter): void {
    if (diedAt > until || hooks.has(hook.id)) return;
    hooks.add(hook.id);
    this.replays.set(hook.id, (this.replays.get(hook.id) ?? 0) + 1);
    const client = this.clients.find(({ number }) => hook.query === `n=${number}`);
    if (client !== undefined) client.isReplayed = true;
  }

  /** All attempts to post a hook, whether it arrived or not. */
  get attempts(): readonly Attempt[] {
    return [...this.arrivals, ...this.#missed];
  }

  /** An attempt found no app. */
  missed(attempt: Attempt): void {
    this.#missed.push(attempt);
  }

  /** A hook has arrived at this URL. */
  arrived(arrival: Arrival, url: string): void {
    const client = this.clients[arrival.client];
    if (client === undefined) {
      this.violate(`a hook is of no client: ${url}`);
      return;
    }
    client.socket ??= arrival.socket;
    const isAddressed =
      client.socket === arrival.socket && url.includes(`/${arrival.event}${client.path}?n=${client.number}`);
    if (!isAddressed) this.violate(`${arrival.id} came to ${url} from ${arrival.socket}`);
    if (this.#isOrdered) this.#checkOrder(arrival);
    this.arrivals.push(arrival);
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  #checkOrder(arrival: Arrival): void {
    const before = this.arrivals.filter(({ client }) => client === arrival.client);
    const busy = before.find(({ until, by }) => until > arrival.at && !by.isDead);
    if (busy !== undefined) this.violate(`${arrival.id} was posted beside ${busy.id}`);
    if (arrival.event !== 'message' || this.replays.has(arrival.id)) return;
    const later = before.find(({ id, event, index }) => {
      return !this.replays.has(id) && (event === 'closed' || (event === 'message' && index > arrival.index));
    });
    if (later !== undefined)
      this.violate(`message ${arrival.client}/${arrival.index} came after ${later.id}`);
  }

  /** Whether the closed hook of a client has arrived. */
  isTold({ number }: Client): boolean {
    return this.arrivals.some(({ client, event }) => client === number && event === 'closed');
  }

  /** Everything that is wrong once the faults are over and time has run on. */
  wrongs(letters: readonly DeadLetter[]): string[] {
    return [
      ...this.violations,
      ...this.clients.flatMap((client) => this.#wrongsOf(client, letters)),
      ...(this.isTroubled ? [] : this.#duplicates(letters)),
    ];
  }

  #wrongsOf(client: Client, letters: readonly DeadLetter[]): string[] {
    const of = this.arrivals.filter((arrival) => arrival.client === client.number);
    const own = letters.filter(({ hook }) => hook.query === `n=${client.number}`);
    const isHandled = (arrival: Arrival) => ['accepted', 'unwanted', 'invalid'].includes(arrival.verdict);
    const lost = client.sent.filter(({ index, at, excuse }) => {
      const isDone = of.some(
        (one) => one.event === 'message' && one.index === index && one.verdict === 'accepted',
      );
      const isDead = own.some(({ hook }) => hook.event === 'message' && indexOf(hook.body) === index);
      const isDropped = excuse !== undefined || at >= (client.dropsSince ?? Number.POSITIVE_INFINITY);
      return !isDone && !isDead && !isDropped;
    });
    const isTold = of.some((one) => one.event === 'closed' && isHandled(one));
    const isDead = own.some(({ hook }) => hook.event === 'closed');
    const asked = of.find(({ event }) => event === 'handshake');
    const isOwed = asked !== undefined && asked.verdict !== 'refused';
    // The gateway may not have heard that it was refused, or know that the app was never asked.
    const isFree =
      asked?.verdict === 'refused' && asked.isHeard && !this.isTroubled && !this.hasForgotten(asked);
    const isHeld = isOwed && !isTold && !isDead && client.excuse === undefined;
    return [
      ...(isHeld ? [`client ${client.number} has no closed hook`] : []),
      ...(isTold && isFree ? [`client ${client.number} has a closed hook that nobody owes`] : []),
      ...(lost.length > client.logged
        ? [`messages of client ${client.number} are lost: ${lost.map(({ index }) => index).join(', ')}`]
        : []),
    ];
  }

  /** A hook that was accepted comes again only if it is replayed, or if its process died before it could forget it. */
  #duplicates(letters: readonly DeadLetter[]): string[] {
    const accepted = new Map<string, number>();
    for (const arrival of this.arrivals) {
      if (arrival.verdict !== 'accepted' || !arrival.isHeard || this.hasForgotten(arrival)) continue;
      if (this.areTasksDoubled && (arrival.event === 'message' || this.replays.has(arrival.id))) continue;
      accepted.set(arrival.id, (accepted.get(arrival.id) ?? 0) + 1);
    }
    const forgotten = new Set(this.attempts.filter((one) => this.hasForgotten(one)).map(({ id }) => id));
    // Where a queue has the next attempt, and hands out this one again, both go on from then on.
    const mayFork = (id: string) => !this.#isOrdered && forgotten.has(id);
    const twice = [...accepted].filter(
      ([id, times]) => times > 1 + (this.replays.get(id) ?? 0) && !mayFork(id),
    );
    const both = letters.filter(({ hook: { id } }) => {
      return accepted.has(id) && !this.replays.has(id) && !forgotten.has(id);
    });
    return [
      ...twice.map(([id, times]) => `${id} was accepted ${times} times`),
      ...both.map(({ hook }) => `${hook.id} was accepted, and is a dead letter`),
    ];
  }

  /** Whether the process that knew what came of an attempt died so soon that it may have stored nothing of it. */
  hasForgotten({ by, until }: Pick<Attempt, 'by' | 'until'>): boolean {
    return this.#deaths.some(({ process, at }) => process === by && at <= until + forgetMs);
  }
}

/** The number of a message by its body. */
export function indexOf(body: string): number {
  return Number(body.split('/')[1] ?? Number.NaN);
}
