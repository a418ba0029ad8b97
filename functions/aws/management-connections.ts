import {
  type ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Connections, Posted } from '../gateway/ports.ts';
import type { SocketId } from '../wire/socket-id.ts';

/**
 * The connections of an API Gateway WebSocket API, by its @connections calls. The client is to make one attempt a
 * call (`maxAttempts: 1`), since the gateway waits out throttling itself.
 */
export class ManagementConnections implements Connections {
  readonly #client: ApiGatewayManagementApiClient;

  constructor(client: ApiGatewayManagementApiClient) {
    this.#client = client;
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
      return refusalOf(error) ?? Promise.reject(error);
    }
  }

  async end(socket: SocketId): Promise<void> {
    try {
      await this.#client.send(new DeleteConnectionCommand({ ConnectionId: socket }));
    } catch (error) {
      // Best effort: a connection that can't be ended now is cut by API Gateway at 2 hours.
      if (refusalOf(error) === undefined) throw error;
    }
  }
}

/**
 * What a refusal means, by its status: 410 GoneException; 400 for an id that can't be one; 429
 * LimitExceededException, also for a client whose buffer is full; 413 PayloadTooLargeException.
 */
function refusalOf(error: unknown): Posted | undefined {
  switch (statusOf(error)) {
    case 400:
    case 410:
      return { kind: 'gone' };
    case 429:
      return { kind: 'throttled' };
    case 413:
      return { kind: 'failed', code: 'post_failed' };
    default:
      return undefined;
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
