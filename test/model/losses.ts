import type { LogFields } from '../../functions/gateway/ports.ts';
import type { Client, Ledger } from './ledger.ts';
import type { Timeline } from './timeline.ts';

/** How often a message is posted that is not tried for hours. */
const attempts = 3;

/** How long the gateway may take to close a socket whose message has failed, in milliseconds. */
const closesWithinMs = 1_000;

/** How long after the end of a socket a kill may still cost its code, in milliseconds. */
const forgetsWithinMs = 1_101;

/** The close code of a socket whose message has failed. */
const appFailed = '1011';

/** What these say of a message where `MESSAGE_FAILURE` is not `retry`: it is lost. */
const losing = ['hook_lost', 'hook_refused', 'answer_invalid'];

/** How the gateway gives messages up, by `MESSAGE_FAILURE`. */
export interface GivingUp {
  readonly messageFailure: 'drop' | 'close';
  /** How long the pauses between the attempts of a message may be in all, in milliseconds. */
  readonly pausesMs: number;
  /** Whether each message has all of its attempts, however slow the app is. */
  readonly isPatient: boolean;
}

/** A message whose loss was logged. */
interface Loss {
  readonly id: string;
  readonly at: number;
  readonly client: Client | undefined;
  /** After how many posts it was given up, if its time was not over and the app not known to be away. */
  readonly givenUpAfter: number | undefined;
}

/** The messages that are tried a few times and then given up: each loss is logged, and may close its socket. */
export class Losses {
  readonly #rules: GivingUp;
  readonly #ledger: Ledger;
  readonly #timeline: Pick<Timeline, 'time'>;
  readonly #losses: Loss[] = [];
  /** The pauses since the first attempt, by the id of the hook: how many, and how long in all. */
  readonly #pauses = new Map<string, { count: number; ms: number }>();

  constructor(rules: GivingUp, ledger: Ledger, timeline: Pick<Timeline, 'time'>) {
    this.#rules = rules;
    this.#ledger = ledger;
    this.#timeline = timeline;
  }

  /** A line was logged. Returns whether it says that a message is lost. */
  heard(event: string, fields: LogFields): boolean {
    const id = String(fields['request']);
    if (!id.startsWith('message_') || this.#ledger.replays.has(id)) return false;
    if (event === 'hook_retried') this.#retried(id, fields);
    if (!losing.includes(event)) return false;
    this.#lost(id, event, fields);
    return true;
  }

  #retried(id: string, { attempt, pause }: LogFields): void {
    const before = attempt === 1 ? undefined : this.#pauses.get(id);
    const ms = (before?.ms ?? 0) + Number(pause);
    this.#pauses.set(id, { count: (before?.count ?? 0) + 1, ms });
    if (ms > this.#rules.pausesMs) this.#ledger.violate(`the pauses of ${id} took ${ms} ms`);
  }

  #lost(id: string, event: string, { socket, why }: LogFields): void {
    const { time: at } = this.#timeline;
    const client = this.#ledger.clients.find((one) => one.socket === socket);
    const posts = 1 + (this.#pauses.get(id)?.count ?? 0);
    this.#pauses.delete(id);
    const isGivenUp = event === 'hook_lost' && why !== 'the app is away';
    this.#losses.push({ id, at, client, givenUpAfter: isGivenUp ? posts : undefined });
    if (this.#rules.messageFailure === 'drop' || client === undefined) return;
    // What comes from now on is not accepted, since its socket is closed.
    client.dropsSince ??= at;
    if (client.goneAt === undefined && client.endedAt === undefined) client.failedAt ??= at;
  }

  /** The ids of the messages whose loss was logged, with their clients. */
  get all(): ReadonlyMap<string, Client | undefined> {
    return new Map(this.#losses.map(({ id, client }) => [id, client]));
  }

  /** Everything that is wrong at the end. */
  wrongs(): string[] {
    const { clients, isTroubled } = this.#ledger;
    return [
      ...this.#postedTooOften(),
      ...this.#givenUpEarly(),
      ...(isTroubled ? [] : this.#acceptedAndLost()),
      ...clients.flatMap((client) => [
        ...this.#closedForNothing(client),
        ...(isTroubled ? [] : this.#notClosed(client)),
      ]),
    ];
  }

  #postedTooOften(): string[] {
    const { arrivals, replays } = this.#ledger;
    const messages = arrivals.filter(({ event, id }) => event === 'message' && !replays.has(id));
    const tooMany = messages.filter(({ id, by }) => {
      return messages.filter((other) => other.id === id && other.by === by).length > attempts;
    });
    return [...new Set(tooMany.map(({ id }) => `${id} was posted too often`))];
  }

  #givenUpEarly(): string[] {
    const { arrivals, isTroubled } = this.#ledger;
    return this.#losses.flatMap(({ id, givenUpAfter = attempts }) => {
      const isSlow = isTroubled || arrivals.some((one) => one.id === id && one.verdict === 'unknown');
      const isShort = givenUpAfter < attempts && (this.#rules.isPatient || !isSlow);
      return isShort ? [`${id} was given up after ${givenUpAfter} posts`] : [];
    });
  }

  #acceptedAndLost(): string[] {
    return this.#losses.flatMap(({ id, at }) => {
      const isAccepted = this.#ledger.arrivals.some((one) => {
        const isHeard = one.isHeard && !this.#ledger.hasForgotten(one);
        return one.id === id && one.verdict === 'accepted' && isHeard && one.until <= at;
      });
      return isAccepted ? [`${id} was accepted, and its loss is logged`] : [];
    });
  }

  #codesOf({ number }: Client): (string | undefined)[] {
    const { arrivals } = this.#ledger;
    return arrivals.flatMap((one) => (one.client === number && one.event === 'closed' ? [one.code] : []));
  }

  #closedForNothing(client: Client): string[] {
    const mayClose =
      this.#rules.messageFailure === 'close' && this.#losses.some((loss) => loss.client === client);
    const isClosed = this.#codesOf(client).includes(appFailed);
    return isClosed && !mayClose ? [`client ${client.number} was closed with 1011 for nothing`] : [];
  }

  #notClosed(client: Client): string[] {
    const {
      number,
      failedAt,
      goneAt = Number.POSITIVE_INFINITY,
      endedAt = Number.POSITIVE_INFINITY,
    } = client;
    if (failedAt === undefined) return [];
    const until = failedAt + closesWithinMs;
    if (this.#ledger.hasDeathBetween(failedAt, failedAt + forgetsWithinMs) || endedAt <= until) return [];
    if (goneAt > until) return [`client ${number} was not closed after its message had failed`];
    const others = this.#codesOf(client).filter((code) => code !== appFailed);
    return others.map((code) => `client ${number} was closed with ${code}, and its message had failed`);
  }
}
