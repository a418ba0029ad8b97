import { AwsError } from '../../functions/aws/client/aws-error.ts';
import { DynamoDirectory } from '../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../functions/aws/dynamo/registry.ts';
import type { MaybePromise } from '../../functions/gateway/maybe-promise.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import { RecordingLog } from '../support/recording-log.ts';
import type { Play } from './every-schedule.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDynamo, memoryTables } from './memory-dynamo.ts';
import { quiet, Turnstile } from './turnstile.ts';

/** What may happen to a waiting call. */
const fates = ['gets its answer', 'loses its answer', 'dies before', 'dies after'] as const;

/** An answer that was lost, after which the client of DynamoDB makes the same call again. */
const lost = Symbol('lost');

/**
 * Actors that share two tables in DynamoDB. Each of their calls to it waits at a turnstile. Its answer may be lost there,
 * or its actor may die.
 */
export class DynamoPlay implements Play {
  readonly dynamo: MemoryDynamo;
  readonly log = new RecordingLog();
  /** What the actors that are done returned. */
  readonly outcomes = new Map<string, unknown>();
  readonly #clock = new ManualClock();
  readonly #turnstile = new Turnstile(() => 0);
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
    return this.#registryOver((operation, input) => this.dynamo.run(operation, input));
  }

  /** Starts an actor. */
  begin(actor: string, run: (registry: Registry) => MaybePromise<unknown>): void {
    const pass = this.#turnstile.passOf(actor);
    const registry = this.#registryOver(async (operation, given) => {
      const input = withoutChance(actor, given);
      const label = labelOf(operation, input);
      const answer = await pass(label, () => this.#first(operation, input));
      return answer === lost ? pass(`${label} again`, () => this.#again(operation, input)) : answer;
    });
    Promise.resolve(run(registry)).then(
      (outcome) => this.outcomes.set(actor, outcome),
      (error: unknown) => this.outcomes.set(actor, `fault: ${String(error)}`),
    );
  }

  /** Lets the actors that were begun make their first calls. */
  ready(): Promise<void> {
    return quiet();
  }

  get choices(): readonly string[] {
    const possible = this.#mishapsLeft > 0 ? fates : fates.slice(0, 1);
    return this.#turnstile.waiting.flatMap((call) => possible.map((fate) => `${call} ${fate}`));
  }

  async step(at: number): Promise<void> {
    const possible = this.#mishapsLeft > 0 ? fates.length : 1;
    const call = Math.floor(at / possible);
    const fate = fates[at % possible] ?? 'gets its answer';
    if (fate === 'gets its answer') return this.#turnstile.letThrough(call);
    this.#mishapsLeft -= 1;
    this.#losesAnswer = fate === 'loses its answer';
    if (this.#losesAnswer) await this.#turnstile.letThrough(call);
    else await this.#turnstile.kill(call, fate === 'dies after' ? 'after' : 'before');
  }

  async state(): Promise<unknown> {
    const tables = [this.dynamo.items('name'), this.dynamo.items('groups')];
    return [this.#turnstile.state, this.#mishapsLeft, tables, [...this.outcomes].sort()];
  }

  end(): Promise<void> {
    return this.#check(this);
  }

  async #first(operation: string, input: object): Promise<unknown> {
    if (!this.#losesAnswer) return this.dynamo.run(operation, input);
    this.#losesAnswer = false;
    await this.dynamo.run(operation, input).catch(() => undefined);
    return lost;
  }

  async #again(operation: string, input: object): Promise<unknown> {
    try {
      return await this.dynamo.run(operation, input);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { status, type, body } = error;
      throw new AwsError(operation, { status, errorType: type, body }, true);
    }
  }

  #registryOver(run: MemoryDynamo['run']): Registry {
    const { now, monotonic } = this.#clock;
    const clock = {
      now: now.bind(this.#clock),
      monotonic: monotonic.bind(this.#clock),
      random: () => 0,
      sleep: async () => {},
    };
    return registryWith(() => ({ run }), memoryTables, clock, DynamoDirectory, this.log);
  }
}

/** A write id is random. Here it is the actor's name, so that a state that comes again is known. */
function withoutChance(actor: string, input: object): object {
  const text = JSON.stringify(input);
  const given: { ExpressionAttributeValues?: object } = JSON.parse(text);
  const values = given.ExpressionAttributeValues;
  if (values === undefined || !(':id' in values)) return input;
  return { ...given, ExpressionAttributeValues: { ...values, ':id': { S: actor } } };
}

function labelOf(operation: string, input: object): string {
  if (!('TableName' in input)) return operation;
  const key = 'Key' in input ? input.Key : 'Item' in input ? input.Item : undefined;
  return `${operation} ${String(input.TableName)} ${JSON.stringify(key)}`;
}
