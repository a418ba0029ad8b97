import type { Clock } from '../../gateway/ports.ts';
import { backoff, fullJitter } from '../../wire/backoff.ts';
import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-error.ts';
import type { AwsService } from './aws-service.ts';
import { NoResponseError } from './https-client.ts';
import { parseJson } from './parse-json.ts';

/** The longest pauses between the attempts of an operation, in milliseconds. */
const pausesMs = { first: 100 };
/**
 * The default limits of an operation: its attempts, its time in total, and the time of one attempt once it has a
 * connection. The total is less than a handler reserves for its last writes, so that a silent service can't get the
 * handler killed.
 */
const usual = {
  attempts: 4,
  longestPauseMs: Number.POSITIVE_INFINITY,
  maxMs: 4_000,
  maxMsOfAttempt: 1_500,
  repeats: 'always',
} as const;

/** The time for one attempt, and whether an earlier one may have been carried out. */
interface Attempt {
  readonly totalMs: number;
  readonly mayBeDone: boolean;
}

/** A service's name in `X-Amz-Target`, its version of the protocol, and the limits of its operations. */
export interface JsonDialect {
  readonly target: 'AmazonSQS' | 'secretsmanager' | 'DynamoDB_20120810';
  readonly version: '1.0' | '1.1';
  /** The most attempts of an operation, the first included. 4 by default. */
  readonly attempts?: number;
  /** The longest pause between attempts, in milliseconds. Without one, each pause is twice as long as the one before. */
  readonly longestPauseMs?: number;
  /** How long an operation may take with all attempts and pauses, and how long one attempt may take, in milliseconds. */
  readonly maxMs?: number;
  readonly maxMsOfAttempt?: number;
  /** Which attempts are repeated. `untaken`: only those that certainly were not carried out. All by default. */
  readonly repeats?: 'always' | 'untaken';
}

/** The operations of a service that speaks AWS JSON (Smithy, "AWS JSON 1.0 protocol" and "1.1"). */
export class JsonProtocol {
  readonly #service: AwsService;
  readonly #dialect: Required<JsonDialect>;
  readonly #clock: Clock;
  /** By operation. */
  readonly #calls = new Map<string, AwsCalls>();

  constructor(service: AwsService, dialect: JsonDialect, clock: Clock) {
    this.#service = service;
    this.#dialect = { ...usual, ...dialect };
    this.#clock = clock;
  }

  /**
   * Runs an operation, and resolves with its output. Errors that may pass (the network, a 5xx, throttling) are retried
   * after a pause with jitter. Rejects with the last error, and at once with any other error. It is an `AwsError` if
   * the service answered. An operation that must not run twice needs a dialect that repeats only `untaken` attempts.
   */
  async run(operation: string, input: object): Promise<unknown> {
    const { attempts, maxMs, longestPauseMs: longest, repeats } = this.#dialect;
    const body = JSON.stringify(input);
    const until = this.#clock.monotonic() + maxMs;
    let mayBeDone = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const totalMs = Math.max(1, until - this.#clock.monotonic());
        return await this.#once(operation, body, { totalMs, mayBeDone });
      } catch (error) {
        const pause = fullJitter(backoff(attempt, { ...pausesMs, longest }), this.#clock.random());
        const isLast = attempt === attempts || this.#clock.monotonic() + pause >= until;
        if (isLast || !mayPass(error) || (repeats === 'untaken' && !isUntaken(error))) throw error;
        mayBeDone ||= !isRefusal(error);
        await this.#clock.sleep(pause);
      }
    }
  }

  async #once(operation: string, body: string, { totalMs, mayBeDone }: Attempt): Promise<unknown> {
    const call = { method: 'POST', path: '/', body } as const;
    const answer = await this.#callsOf(operation).make(call, {
      answerMs: this.#dialect.maxMsOfAttempt,
      totalMs,
    });
    if (answer.status !== 200) throw new AwsError(operation, answer, mayBeDone);
    return parseJson(answer.body);
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

/**
 * Throttling has many names: ThrottlingException, RequestThrottled, KmsThrottled, LimitExceededException,
 * ProvisionedThroughputExceededException and more. DynamoDB has others for an item with another write in progress.
 */
const passing =
  /Thrott|TooManyRequests|LimitExceeded|ThroughputExceeded|SlowDown|TransactionConflict|TransactionInProgress|ReplicatedWriteConflict/;

function mayPass(error: unknown): boolean {
  return !isRefusal(error) || error.status === 429 || passing.test(error.type);
}

/** Whether the service says that it did nothing. After a timeout or a 5xx nobody knows. */
function isRefusal(error: unknown): error is AwsError {
  return error instanceof AwsError && error.status < 500;
}

/** The errors of a 5xx after which nothing was done. */
const untaken = new RegExp(`${passing.source}|^ServiceUnavailable`);

/**
 * Whether an operation was certainly not carried out: the request never left, or the service says so. SQS API
 * Reference, "Common Errors": `ServiceUnavailable` is 503, in contrast to `InternalFailure`.
 */
function isUntaken(error: unknown): boolean {
  if (error instanceof NoResponseError) return !error.mayBeDone;
  return error instanceof AwsError && (error.status < 500 || untaken.test(error.type));
}
