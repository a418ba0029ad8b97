import { NotPosted } from '../../gateway/deliver/not-posted.ts';
import type { Clock, Connections, Posted } from '../../gateway/ports.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { AwsCall, AwsCalls } from '../client/aws-calls.ts';
import { AwsError } from '../client/aws-error.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { type CallTimeouts, NoResponseError } from '../client/https-client.ts';
import { refusalOf } from './refused-call.ts';

/** How long to wait for the responses to the last posts after the end of a run, in milliseconds. */
const graceMs = 2_000;

/**
 * The connections of an API Gateway WebSocket API, through @connections calls that we sign: for functions that post by
 * the thousand. A call has one attempt, since the gateway waits out throttling itself.
 */
export class SignedConnections implements Connections {
  readonly #posts: AwsCalls;
  readonly #others: AwsCalls;
  readonly #clock: Pick<Clock, 'monotonic'>;

  /** `callbackUrl` is the URL of the stage, such as `https://abc.execute-api.eu-central-1.amazonaws.com/prod`. */
  constructor(callbackUrl: string, caller: Caller, clock: Clock) {
    const service = new AwsService('execute-api', callbackUrl, caller, clock);
    this.#posts = service.callsWith({ 'content-type': 'application/octet-stream' });
    this.#others = service.callsWith({});
    this.#clock = clock;
  }

  async post(socket: SocketId, body: string, until = Number.POSITIVE_INFINITY): Promise<Posted> {
    const waitMs = Math.max(0, until - this.#clock.monotonic());
    try {
      const time = Number.isFinite(waitMs) ? { waitMs, totalMs: waitMs + graceMs } : {};
      return (await this.#call('POST', socket, body, time)) ?? { kind: 'posted' };
    } catch (error) {
      if (!(error instanceof NoResponseError)) throw error;
      if (error.mayBeDone) return { kind: 'failed', code: 'post_unknown' };
      // It was never sent, so it can be sent later.
      if (error.code === 'ETIMEDOUT') return { kind: 'throttled' };
      throw new NotPosted(error.message, { cause: error });
    }
  }

  async close(socket: SocketId): Promise<void> {
    // Best effort: API Gateway closes every connection after 2 hours.
    await this.#call('DELETE', socket);
  }

  async has(socket: SocketId): Promise<boolean> {
    return (await this.#call('GET', socket))?.kind !== 'gone';
  }

  /** Undefined on success. Ids end in `=`, which must be escaped. */
  async #call(
    method: AwsCall['method'],
    socket: SocketId,
    body = '',
    time?: CallTimeouts,
  ): Promise<Posted | undefined> {
    const path = `/@connections/${encodeURIComponent(socket)}`;
    const calls = method === 'POST' ? this.#posts : this.#others;
    const answer = await calls.make({ method, path, body }, time);
    if (answer.status >= 200 && answer.status < 300) return undefined;
    const refusal = refusalOf(answer.status);
    if (refusal === undefined) throw new AwsError(`${method} @connections`, answer);
    return refusal;
  }
}
