import { afterAll } from 'vitest';
import { perform } from '../../functions/gateway/perform.ts';
import { createUpgradeServer } from '../../functions/websocket/upgrade-server.ts';
import { Lanes } from '../../infra/local/lanes.ts';
import { MemoryRegistry } from '../../infra/local/memory-registry.ts';
import { Sessions } from '../../infra/local/sessions.ts';
import { limitSets } from '../../infra/local/settings.ts';
import { WebSocketDoor } from '../../infra/local/web-socket-door.ts';
import { connectionsContract, type OpenConnection } from '../contract/ports/connections.ts';
import { laterContract } from '../contract/ports/later.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { registryContract } from '../contract/ports/registry.ts';
import { aPath } from '../fakes/a-record.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import { connect } from '../support/client.ts';
import { RecordingLog } from '../support/recording-log.ts';

registryContract('memory registry', async (clock) => new MemoryRegistry(clock));

laterContract('lanes', async (perform) => new Lanes(perform, new RecordingLog()));

/** A door with sessions behind it, whose clients an app lets in that only answers. */
const sessions = new Sessions();
const { gateway: fakes, app } = fakeGateway();
const lanes = new Lanes((task) => perform(gateway, task), fakes.log);
const gateway = { ...fakes, connections: sessions, later: lanes };
const door = new WebSocketDoor(gateway, sessions, lanes, limitSets['api-gateway']);
const server = createUpgradeServer({
  headBytes: limitSets['api-gateway'].headBytes,
  hold: () => {},
  upgrade: (upgrade) => void door.knock(upgrade),
  answerTo: () => Buffer.alloc(0),
  request: (_, response) => response.writeHead(404).end(),
});
const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(async () => {
  sessions.cutAll();
  await new Promise((resolve) => server.close(resolve));
});

connectionsContract('sessions', async (): Promise<OpenConnection> => {
  await listening;
  const path = `/${app.requests.length}`;
  const client = await connect(`ws://127.0.0.1:${portOf(server)}${path}`);
  const socket = (await gateway.registry.list({ path: aPath(path) }, 1))?.sockets[0]?.socket;
  if (socket === undefined) throw new Error('The client is not in.');
  return {
    ...{ connections: sessions, socket, closed: client.closed },
    next: () => client.next(),
    leave: () => client.ws.close(),
    vanish: () => client.ws.terminate(),
  };
});
