import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { afterAll, beforeAll } from 'vitest';
import { HttpsApp } from '../../functions/aws/https-app.ts';
import { ManagementConnections } from '../../functions/aws/management-connections.ts';
import { parseSocketId } from '../../functions/wire/socket-id.ts';
import { appContract } from '../contract/ports/app.ts';
import { connectionsContract, type OpenConnection } from '../contract/ports/connections.ts';
import { connect } from '../support/client.ts';
import { ApiGateway } from './api-gateway/api-gateway.ts';

appContract('app by node:https', async (origin) => {
  const app = new HttpsApp(origin);
  return { app, stop: () => app.stop() };
});

let apiGateway: ApiGateway;
let connections: ManagementConnections;
beforeAll(async () => {
  const accept = async () => ({ statusCode: 200 });
  apiGateway = await ApiGateway.start({ routes: { $connect: accept, $disconnect: accept } });
  const client = new ApiGatewayManagementApiClient({
    endpoint: apiGateway.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  connections = new ManagementConnections(client);
});
afterAll(() => apiGateway.stop());

connectionsContract('@connections', async (): Promise<OpenConnection> => {
  const known = new Set(apiGateway.connectionIds);
  const client = await connect(apiGateway.url);
  const id = [...apiGateway.connectionIds].find((one) => !known.has(one));
  const socket = parseSocketId(id ?? '');
  if (socket === undefined) throw new Error('The client is not in.');
  return {
    ...{ connections, socket, closed: client.closed },
    next: () => client.next(),
    leave: () => client.ws.close(),
    vanish: () => client.ws.terminate(),
  };
});
