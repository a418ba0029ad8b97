import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Connections, Posted } from '../../gateway/ports.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Caller } from '../client/aws-service.ts';
import { refusalOf } from './refused-call.ts';
import { sdkOptions } from './sdk-options.ts';

/** How long a post may take, in milliseconds. It has one attempt. */
const postMs = 5_000;

/**
 * The connections of an API Gateway WebSocket API, through the SDK's client for @connections: for functions that rarely
 * call it. GET and DELETE are idempotent (RFC 9110 section 9.2.2) and have three attempts, since a kept-alive connection
 * may have died while the function was frozen. A post has one attempt, since the gateway waits out throttling itself.
 */
export class SdkConnections implements Connections {
  readonly #client: ApiGatewayManagementApiClient;
  /** Shares the connections of the other client, and makes one attempt. */
  readonly #once: ApiGatewayManagementApiClient;

  /** `callbackUrl` is the URL of the stage, such as `https://abc.execute-api.eu-central-1.amazonaws.com/prod`. */
  constructor(callbackUrl: string, caller: Caller) {
    const options = { ...sdkOptions(caller), endpoint: callbackUrl };
    this.#client = new ApiGatewayManagementApiClient({ ...options, maxAttempts: 3 });
    const { requestHandler } = this.#client.config;
    this.#once = new ApiGatewayManagementApiClient({ ...options, requestHandler, maxAttempts: 1 });
  }

  async post(socket: SocketId, body: string): Promise<Posted> {
    const command = new PostToConnectionCommand({
      ConnectionId: socket,
      Data: new TextEncoder().encode(body),
    });
    try {
      await this.#once.send(command, { requestTimeout: postMs });
      return { kind: 'posted' };
    } catch (error) {
      if (isUnanswered(error)) return { kind: 'failed', code: 'post_unknown' };
      return refusalOf(statusOf(error)) ?? Promise.reject(error);
    }
  }

  async close(socket: SocketId): Promise<void> {
    try {
      await this.#client.send(new DeleteConnectionCommand({ ConnectionId: socket }));
    } catch (error) {
      // Best effort: API Gateway closes every connection after 2 hours.
      if (refusalOf(statusOf(error)) === undefined) throw error;
    }
  }

  async has(socket: SocketId): Promise<boolean> {
    try {
      await this.#client.send(new GetConnectionCommand({ ConnectionId: socket }));
      return true;
    } catch (error) {
      const refusal = refusalOf(statusOf(error));
      return refusal === undefined ? Promise.reject(error) : refusal.kind !== 'gone';
    }
  }
}

/** Whether the call may have arrived. The SDK reports a timeout in the same way before and after it has a connection. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'TimeoutError' || ('code' in error && error.code === 'ECONNRESET');
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
