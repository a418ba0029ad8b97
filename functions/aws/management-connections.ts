import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Connections, Posted } from '../gateway/ports.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { Caller } from './aws-service.ts';
import { refusalOf } from './refusal.ts';
import { sdkOptions } from './sdk-options.ts';

/**
 * The connections of an API Gateway WebSocket API, by the SDK's client of its @connections calls: for functions that
 * call it now and then. A call is made once, since the gateway waits out throttling itself.
 */
export class ManagementConnections implements Connections {
  readonly #client: ApiGatewayManagementApiClient;

  /** `callbackUrl` is the stage's, `https://abc.execute-api.eu-central-1.amazonaws.com/prod`. */
  constructor(callbackUrl: string, caller: Caller) {
    this.#client = new ApiGatewayManagementApiClient({
      ...sdkOptions(caller),
      endpoint: callbackUrl,
      maxAttempts: 1,
    });
  }

  async post(socket: SocketId, body: string): Promise<Posted> {
    const command = new PostToConnectionCommand({
      ConnectionId: socket,
      Data: new TextEncoder().encode(body),
    });
    try {
      await this.#client.send(command);
      return { kind: 'posted' };
    } catch (error) {
      return refusalOf(statusOf(error)) ?? Promise.reject(error);
    }
  }

  async end(socket: SocketId): Promise<void> {
    try {
      await this.#client.send(new DeleteConnectionCommand({ ConnectionId: socket }));
    } catch (error) {
      // Best effort: a connection that can't be ended now is cut by API Gateway at 2 hours.
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

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
