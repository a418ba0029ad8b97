import { afterEach, expect, test } from 'vitest';
import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import { NotPosted } from '../../../functions/gateway/deliver/not-posted.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { type RawHandler, RawServer } from '../../contract/ports/raw-server.ts';
import { newSocket } from '../../fakes/a-record.ts';

const servers: RawServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(handler: RawHandler) {
  const server = new RawServer(handler);
  servers.push(server);
  const caller = {
    ...{ region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    connections: 1,
  };
  const connections = new SignedConnections(`${await server.listen()}/prod`, caller, systemClock);
  return { server, connections };
}

const unknown = { kind: 'failed', code: 'post_unknown' };

test('what was posted and got no answer by the end of the run may have arrived', async () => {
  const { server, connections } = await start(() => {});
  expect(await connections.post(newSocket(), 'hello', systemClock.monotonic() + 200)).toEqual(unknown);
  expect(server.requests).toHaveLength(1);
});

test('so may what was posted on a connection that then broke', async () => {
  const { connections } = await start((connection) => connection.destroy());
  expect(await connections.post(newSocket(), 'hello')).toEqual(unknown);
});

test('what had no connection by the end of the run was not posted, and may be later', async () => {
  const { server, connections } = await start(() => {});
  const first = connections.post(newSocket(), 'first', systemClock.monotonic() + 200);
  const second = connections.post(newSocket(), 'second', systemClock.monotonic() + 200);
  expect(await Promise.all([first, second])).toEqual([unknown, { kind: 'throttled' }]);
  expect(server.requests).toHaveLength(1);
});

test('what nobody listens for is a fault, and certainly not posted', async () => {
  const { server, connections } = await start(() => {});
  await server.stop();
  servers.splice(0);
  const fault = await connections.post(newSocket(), 'hello').catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(NotPosted);
  expect(fault).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});
