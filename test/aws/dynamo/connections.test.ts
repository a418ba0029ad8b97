import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DynamoBreaker } from '../../../functions/aws/dynamo/breaker.ts';
import { DynamoEndedSockets } from '../../../functions/aws/dynamo/ended-sockets.ts';
import { awsGateway } from '../../../functions/aws/gateway.ts';
import { newSocket } from '../../fakes/a-record.ts';

test('a function whose registry has a connection to DynamoDB opens no other for what else it reads', async () => {
  let connections = 0;
  // An answer that comes before the whole request ends the connection.
  const server = createServer((request, response) => request.on('end', () => response.end('{}')).resume());
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const names = ['TABLE_NAME', 'GROUPS_TABLE_NAME', 'BROADCASTS_TABLE_NAME', 'DEAD_LETTERS_TABLE_NAME'];
  const texts = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'WEBSOCKET_URL', ...names];
  // A test before this one in the process may have left a table of its own.
  const urls = ['WEBHOOK_BASE_URL', 'CALLBACK_URL', 'QUEUE_URL', 'AWS_ENDPOINT_URL_DYNAMODB'];
  for (const name of texts) vi.stubEnv(name, 'any');
  for (const name of urls) vi.stubEnv(name, origin);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });
  const { registry, breaker, endedSockets } = awsGateway({
    Breaker: DynamoBreaker,
    EndedSockets: DynamoEndedSockets,
  });
  expect(await registry.get(newSocket())).toBe(undefined);
  expect(await breaker.state()).toMatchObject({ openedAt: 0 });
  expect(await endedSockets?.get(newSocket())).toBe(undefined);
  expect(connections).toBe(1);
});
