import type { Clock } from '../../gateway/ports.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-error.ts';
import type { AwsService } from './aws-service.ts';

/** The longest pauses between the attempts of an operation, in milliseconds. */
const pausesMs = { first: 100 };
/**
 * How long an operation takes unless told, and how long one attempt from when its connection stands: less than a handler
 * keeps for its last writes, so that no service that is silent has it killed.
 */
const usual = { attempts: 4, maxMs: 4_000, maxMsOfTry: 1_500 } as const;

/** How one attempt is made, and what is known of those before it. */
interface Try {
  readonly totalMs: number;
  readonly mayBeDone: boolean;
}

/** What a service calls itself in `X-Amz-Target`, which version of the protocol it speaks, and how patient we are. */
export interface JsonDialect {
  readonly target: 'AmazonSQS' | 'secretsmanager' | 'DynamoDB_20120810';
  readonly version: '1.0' | '1.1';
  /** How often an operation is tried in all; 4 times unless told. */
  readonly attempts?: number;
  /** How long an operation takes at most with all its attempts and pauses, and how long one attempt, in milliseconds. */
  readonly maxMs?: number;
  readonly maxMsOfTry?: number;
}

/** The operations of a service that speaks AWS JSON (Smithy, "AWS JSON 1.0 protocol" and "1.1"). */
export class JsonProtocol {
  readonly #service: AwsService;
  readonly #dialect: Required<JsonDialect>;
  readonly #clock: Clock;
  /** By their operation. */
  readonly #calls = new Map<string, AwsCalls>();

  constructor(service: AwsService, dialect: JsonDialect, clock: Clock) {
    this.#service = service;
    this.#dialect = { ...usual, ...dialect };
    this.#clock = clock;
  }

  /**
   * Runs an operation that may run twice, from its input to its output. What may pass, a fault of the network or the
   * service or throttling, is tried again after a pause with jitter; then, and for every other error, it rejects:
   * with an `AwsError` if the service answered.
   */
  async run(operation: string, input: object): Promise<unknown> {
    const { attempts, maxMs } = this.#dialect;
    const body = JSON.stringify(input);
    const until = this.#clock.monotonic() + maxMs;
    let mayBeDone = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const totalMs = Math.max(1, until - this.#clock.monotonic());
        return await this.#once(operation, body, { totalMs, mayBeDone });
      } catch (error) {
        const pause = fullJitter(backoff(attempt, pausesMs), this.#clock.random());
        const isLast = attempt === attempts || this.#clock.monotonic() + pause >= until;
        if (isLast || !mayPass(error)) throw error;
        mayBeDone ||= !isRefusal(error);
        await this.#clock.sleep(pause);
      }
    }
  }

  async #once(operation: string, body: string, { totalMs, mayBeDone }: Try): Promise<unknown> {
    const call = { method: 'POST', path: '/', body } as const;
    const answer = await this.#callsOf(operation).make(call, {
      answerMs: this.#dialect.maxMsOfTry,
      totalMs,
    });
    if (answer.status !== 200) throw new AwsError(operation, answer, mayBeDone);
    return parse(answer.body);
  }

  #callsOf(operation: string): AwsCalls {
    const known = this.#calls.get(operation);
    if (known !== undefined) return known;
    const { target, version } = this.#dialect;
    const calls = this.#service.callsWith({
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${target}.${operation}`,
    });
    this.#calls.set(operation, calls);
    return calls;
  }
}

/** What JSON.parse says of a text that is none repeats some of it, and it may be a secret. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error('The answer is not JSON.');
  }
}

/**
 * The names of throttling are many: ThrottlingException, RequestThrottled, KmsThrottled, LimitExceededException,
 * ProvisionedThroughputExceededException, ...; and DynamoDB has others for an item that somebody else is writing.
 */
const passing =
  /Thrott|TooManyRequests|LimitExceeded|ThroughputExceeded|SlowDown|TransactionConflict|TransactionInProgress|ReplicatedWriteConflict/;

function mayPass(error: unknown): boolean {
  return !isRefusal(error) || error.status === 429 || passing.test(error.type);
}

/** Whether the service did nothing, and says so. Of a time-out, or its own fault, nobody knows. */
function isRefusal(error: unknown): error is AwsError {
  return error instanceof AwsError && error.status < 500;
}
