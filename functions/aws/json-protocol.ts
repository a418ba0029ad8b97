import type { Clock } from '../gateway/ports.ts';
import { AwsFault } from './aws-fault.ts';
import type { AwsService } from './aws-service.ts';

/** What is waited at most before the second attempt, in milliseconds; before each later one twice as long. */
const pauseMs = 100;

/** What a service calls itself in `X-Amz-Target`, which version of the protocol it speaks, and how patient we are. */
export interface JsonDialect {
  readonly target: 'AmazonSQS' | 'secretsmanager' | 'DynamoDB_20120810';
  readonly version: '1.0' | '1.1';
  /** How often an operation is tried in all; 4 times unless told. */
  readonly attempts?: number;
}

/** The operations of a service that speaks AWS JSON (Smithy, "AWS JSON 1.0 protocol" and "1.1"). */
export class JsonProtocol {
  readonly #service: AwsService;
  readonly #dialect: JsonDialect;
  readonly #clock: Clock;

  constructor(service: AwsService, dialect: JsonDialect, clock: Clock) {
    this.#service = service;
    this.#dialect = dialect;
    this.#clock = clock;
  }

  /**
   * Runs an operation that may run twice, from its input to its output. What may pass, a fault of the network or the
   * service or throttling, is tried again after a pause with jitter; then, and for every other error, it rejects:
   * with an `AwsFault` if the service answered.
   */
  async run(operation: string, input: object): Promise<unknown> {
    const { attempts = 4 } = this.#dialect;
    const body = JSON.stringify(input);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(operation, body, attempt);
      } catch (error) {
        if (attempt === attempts || !mayPass(error)) throw error;
        await this.#clock.sleep(this.#clock.random() * pauseMs * 2 ** (attempt - 1));
      }
    }
  }

  async #once(operation: string, body: string, attempt: number): Promise<unknown> {
    const { target, version } = this.#dialect;
    const headers = {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${target}.${operation}`,
    };
    const answer = await this.#service.call({ method: 'POST', path: '/', headers, body });
    if (answer.status !== 200) throw new AwsFault(operation, answer, attempt);
    return parse(answer.body);
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
  if (!(error instanceof AwsFault)) return true;
  return error.status >= 500 || error.status === 429 || passing.test(error.type);
}
