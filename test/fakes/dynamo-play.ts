import { AwsError } from '../../functions/aws/client/aws-error.ts';
import type { Dynamo, DynamoAccess } from '../../functions/aws/dynamo/calls.ts';
import { DynamoDirectory } from '../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../functions/aws/dynamo/registry.ts';
import type { MaybePromise } from '../../functions/gateway/maybe-promise.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import { RecordingLog } from '../support/recording-log.ts';
import type { Play } from './every-schedule.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDynamo, memoryTables } from './memory-dynamo.ts';
import type { Pass } from './passed-registry.ts';
import { quiet, Turnstile } from './turnstile.ts';
import { WriteNames } from './write-names.ts';

/** What may happen to a waiting call. */
const fates = ['gets its answer', 'loses its answer', 'dies before', 'dies after'] as const;
type Fate = (typeof fates)[number];

/** The call of an actor that lets time pass. Nothing happens to it. */
export const timePasses = 'time passes';

/** An answer that was lost, after which the client of DynamoDB makes the same call again. */
const lost = Symbol('lost');

/** What an actor is given: DynamoDB, and a pass for its other calls to the world. All of them wait at the turnstile. */
export interface Actor {
  readonly access: DynamoAccess;
  readonly pass: Pass;
}

/**
 * Actors that share the tables in DynamoDB. Each of their calls to it waits at a turnstile. Its answer may be lost
 * there, or its actor may die.
 */
export class DynamoPlay implements Play {
  readonly dynamo: MemoryDynamo;
  readonly log = new RecordingLog();
  /** What the actors that are done returned. */
  readonly outcomes = new Map<string, unknown>();
  readonly clock = new ManualClock();
  readonly #turnstile = new Turnstile(() => 0);
  readonly #names = new WriteNames();
  readonly #check: (play: DynamoPlay) => Promise<void>;
  /** How many answers may be lost and actors may die, at first and now. */
  readonly #mishaps: number;
  #mishapsLeft: number;
  #losesAnswer = false;

  constructor(mishaps: number, check: (play: DynamoPlay) => Promise<void>, pageSize?: number) {
    this.dynamo = new MemoryDynamo(pageSize);
    this.#mishaps = mishaps;
    this.#mishapsLeft = mishaps;
    this.#check = check;
  }

  /** Whether no answer was lost and no actor has died. */
  get isUnharmed(): boolean {
    return this.#mishapsLeft === this.#mishaps;
  }

  /** A registry whose calls do not wait. */
  get registry(): Registry {
    return this.registryOver(this.direct);
  }

  /** DynamoDB without a turnstile. */
  get direct(): DynamoAccess {
    const dynamo = this.#named('nobody', (operation, input) => this.dynamo.run(operation, input));
    return () => dynamo;
  }

  /** Starts an actor. */
  begin(actor: string, run: (registry: Registry, given: Actor) => MaybePromise<unknown>): void {
    const turn = this.#turnstile.passOf(actor);
    const pass: Pass = async (label, effect) => {
      const answer = await turn(label, () => this.#first(effect));
      return answer === lost ? turn(`${label} again`, () => again(label, effect)) : answer;
    };
    const dynamo = this.#named(actor, (operation, input) =>
      pass(labelOf(operation, input), () => this.dynamo.run(operation, input)),
    );
    const access: DynamoAccess = () => dynamo;
    Promise.resolve(run(this.registryOver(access), { access, pass })).then(
      (outcome) => this.outcomes.set(actor, outcome),
      (error: unknown) => this.outcomes.set(actor, `fault: ${String(error)}`),
    );
  }

  /** Lets the actors that were begun make their first calls. */
  ready(): Promise<void> {
    return quiet();
  }

  get choices(): readonly string[] {
    return this.#options.map(({ label, fate }) => `${label} ${fate}`);
  }

  async step(at: number): Promise<void> {
    const { call, fate } = this.#options[at] ?? { call: -1, fate: fates[0] };
    if (fate === 'gets its answer') return this.#turnstile.letThrough(call);
    this.#mishapsLeft -= 1;
    this.#losesAnswer = fate === 'loses its answer';
    if (this.#losesAnswer) await this.#turnstile.letThrough(call);
    else await this.#turnstile.kill(call, fate === 'dies after' ? 'after' : 'before');
  }

  async state(): Promise<unknown> {
    const items = (['name', 'groups', 'broadcasts'] as const).map((table) => this.dynamo.items(table));
    const tables = items.map((each) => each.map((item) => JSON.stringify(item)).sort());
    return [this.#turnstile.state, this.#mishapsLeft, tables, [...this.outcomes].sort(), this.clock.now()];
  }

  end(): Promise<void> {
    return this.#check(this);
  }

  get #options(): readonly { readonly call: number; readonly label: string; readonly fate: Fate }[] {
    return this.#turnstile.waiting.flatMap((label, call) => {
      return this.#fatesOf(label).map((fate) => ({ call, label, fate }));
    });
  }

  #fatesOf(label: string): readonly Fate[] {
    if (this.#mishapsLeft === 0 || label.endsWith(timePasses)) return fates.slice(0, 1);
    // A post whose answer was lost is not made again.
    return label.includes(': post ') ? fates.filter((fate) => fate !== 'loses its answer') : fates;
  }

  async #first<Answer>(effect: () => Promise<Answer>): Promise<Answer | typeof lost> {
    if (!this.#losesAnswer) return effect();
    this.#losesAnswer = false;
    await effect().catch(() => undefined);
    return lost;
  }

  /** DynamoDB as one actor sees it: what comes of chance has a name there. */
  #named(actor: string, run: Dynamo['run']): Dynamo {
    return {
      run: async (operation, input) => {
        try {
          return this.#names.restored(await run(operation, this.#names.named(actor, input)));
        } catch (error) {
          throw this.#names.restoredError(error, operation);
        }
      },
    };
  }

  /** A registry over this access. Pauses do not wait. */
  registryOver(access: DynamoAccess): Registry {
    const { now, monotonic } = this.clock;
    const clock = {
      now: now.bind(this.clock),
      monotonic: monotonic.bind(this.clock),
      random: () => 0,
      sleep: async () => {},
    };
    return registryWith(access, memoryTables, clock, DynamoDirectory, this.log);
  }
}

/** The second try of a call whose first answer was lost. */
async function again<Answer>(label: string, effect: () => Promise<Answer>): Promise<Answer> {
  try {
    return await effect();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { status, type, body } = error;
    throw new AwsError(label, { status, errorType: type, body }, true);
  }
}

function labelOf(operation: string, input: object): string {
  if (!('TableName' in input)) return operation;
  const key = 'Key' in input ? input.Key : 'Item' in input ? input.Item : undefined;
  return `${operation} ${String(input.TableName)} ${JSON.stringify(key)}`;
}
