import { type Breaker, type BreakerState, HeldCounts, untouched } from '../../gateway/breaker.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { MaybePromise } from '../../gateway/maybe-promise.ts';
import type { Clock } from '../../gateway/ports.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { Basics } from '../basics.ts';
import { type Item, number, text, texts } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, dynamoAccess, itemDialect } from './calls.ts';
import { numberIn } from './item.ts';
import { namesIn, type TableNames } from './table.ts';
import { breakerKey } from './table-schema.ts';

/** How old a state may be that is used without a look at the table, in milliseconds. */
const freshMs = 5_000;

/** A hook waits for these calls, and goes on without them if DynamoDB is away or throttles the item. */
const short = { ...itemDialect, maxMs: 1_000, maxMsOfAttempt: 500 };
/** The first call of a run may meet a connection that ended while its process was frozen. */
const reading = { ...short, attempts: 2 };
/** A change that fails is not made again: the next hook has another reason to make it. */
const writing = { ...short, attempts: 1, maxMsOfAttempt: short.maxMs };

/**
 * The circuit breaker of all processes that share a table. Its state is one item of the table of broadcasts, which
 * never expires. A process reads it at most every five seconds, and believes what it has read or written until then.
 */
export class DynamoBreaker implements Breaker {
  readonly held = new HeldCounts();
  /** A process that gets answers reads the state when it is no longer fresh, and ends the row of failures. */
  readonly heardWithinMs = freshMs + short.maxMs;
  readonly #reads: DynamoCalls;
  readonly #writes: DynamoCalls;
  readonly #table: string;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** A promise while it is read, and after that has failed. */
  #known: MaybePromise<BreakerState> = untouched;
  /** From when on it is read again, on the monotonic clock. */
  #staleAt = Number.NEGATIVE_INFINITY;
  /** Of the last state that was known. */
  #openedAt = 0;

  constructor(
    access: DynamoAccess,
    { broadcasts }: Pick<TableNames, 'broadcasts'>,
    clock: Pick<Clock, 'now' | 'monotonic'>,
  ) {
    this.#reads = new DynamoCalls(access(reading));
    this.#writes = new DynamoCalls(access(writing));
    this.#table = broadcasts;
    this.#clock = clock;
  }

  /** Rejects if it can't be read, and for five seconds after that without another try. */
  state(): MaybePromise<BreakerState> {
    const now = this.#clock.monotonic();
    if (now >= this.#staleAt) {
      this.#staleAt = now + freshMs;
      this.#known = this.#read(now);
    }
    return this.#known;
  }

  /** Rejects if it is not known whether the state was changed. */
  async change(to: BreakerState): Promise<boolean> {
    const condition = to.version === 1 ? 'attribute_not_exists(#version)' : '#version = :before';
    const at = this.#clock.monotonic();
    const written = await this.#writes.putItem({
      TableName: this.#table,
      Item: itemOf(to),
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(condition),
      ...(to.version === 1 ? {} : { ExpressionAttributeValues: { ':before': number(to.version - 1) } }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    // A refusal tells what the state is, so that the next change is made from it without a read. Emulators don't tell.
    if (!written.done && written.found === undefined) this.#staleAt = at;
    else this.#learn(written.done ? to : stateIn(written.found), at);
    return written.done;
  }

  /** Consistent: a change that is made from an older state is lost, and with it that the app has answered a probe. */
  #read(at: number): Promise<BreakerState> {
    const read = this.#reads
      .getItem({ TableName: this.#table, Key: keyOfBreaker, ConsistentRead: true })
      .then(stateIn);
    read.then(
      (state) => {
        if (this.#known === read) this.#learn(state, at);
      },
      // The caller that asked for the state meets the fault.
      () => undefined,
    );
    return read;
  }

  /** Answers may overtake one another, so a state never gives way to an earlier one. */
  #learn(state: BreakerState, at: number): void {
    if (!(this.#known instanceof Promise) && this.#known.version > state.version) return;
    if (state.openedAt > 0 && state.openedAt !== this.#openedAt)
      Object.assign(this.held, { hooks: 0, handshakes: 0, dead: 0, lost: 0 });
    this.#openedAt = state.openedAt;
    this.#known = state;
    const pause = state.openedAt > 0 ? state.heldUntil - this.#clock.now() : 0;
    // At the end of a pause, one process probes. The others see that by a read, which is cheaper than a lost write.
    this.#staleAt = at + (pause > 0 ? Math.min(pause, freshMs) : freshMs);
  }
}

/** What a function has that shows the state of the breaker, and posts no hooks. */
export function withBreaker(basics: Basics): Basics & Pick<Gateway, 'breaker'> {
  const { aws, clock } = basics;
  const access = dynamoAccess(aws.table.endpoint, aws.caller, clock);
  return { ...basics, breaker: new DynamoBreaker(access, aws.table, clock) };
}

const keyOfBreaker: Item = { broadcast: text(breakerKey), part: text('breaker') };

function itemOf({
  version,
  failures,
  sockets,
  failingSince,
  openedAt,
  heldUntil,
  probes,
}: BreakerState): Item {
  return {
    ...keyOfBreaker,
    version: number(version),
    failures: number(failures),
    sockets: texts(sockets),
    failingSince: number(failingSince),
    openedAt: number(openedAt),
    heldUntil: number(heldUntil),
    probes: number(probes),
  };
}

function stateIn(item: Item | undefined): BreakerState {
  if (item === undefined) return untouched;
  return {
    version: numberIn(item, 'version'),
    failures: numberIn(item, 'failures'),
    sockets: (item['sockets']?.L ?? []).flatMap(({ S }) => parseSocketId(S) ?? []),
    failingSince: numberIn(item, 'failingSince'),
    openedAt: numberIn(item, 'openedAt'),
    heldUntil: numberIn(item, 'heldUntil'),
    probes: numberIn(item, 'probes'),
  };
}
