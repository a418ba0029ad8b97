import { afterAll, beforeAll } from 'vitest';
import { SdkConnections } from '../../functions/aws/connections/sdk-connections.ts';
import { SignedConnections } from '../../functions/aws/connections/signed-connections.ts';
import type { Connections } from '../../functions/gateway/ports.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { parseSocketId } from '../../functions/wire/socket-id.ts';
import { connectionsContract, type OpenConnection } from '../contract/ports/connections.ts';
import { connect } from '../support/client.ts';
import { ApiGateway } from './api-gateway/api-gateway.ts';

let apiGateway: ApiGateway;
beforeAll(async () => {
  const accept = async () => ({ statusCode: 200 });
  apiGateway = await ApiGateway.start({ routes: { $connect: accept, $disconnect: accept } });
});
afterAll(() => apiGateway.stop());

const caller = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const ways: Readonly<Record<string, (url: string) => Connections>> = {
  '@connections by our own calls': (url) => new SignedConnections(url, caller, systemClock),
  "@connections by the SDK's client": (url) => new SdkConnections(url, caller),
};

for (const [name, make] of Object.entries(ways)) {
  let made: Connections | undefined;
  connectionsContract(name, async (): Promise<OpenConnection> => {
    made ??= make(apiGateway.endpoint);
    const known = new Set(apiGateway.connectionIds);
    const client = await connect(apiGateway.url);
    const id = [...apiGateway.connectionIds].find((one) => !known.has(one));
    const socket = parseSocketId(id ?? '');
    if (socket === undefined) throw new Error('The client is not in.');
    return {
      ...{ connections: made, socket, closed: client.closed },
      next: () => client.next(),
      leave: () => client.ws.close(),
      vanish: () => client.ws.terminate(),
    };
  });
}
