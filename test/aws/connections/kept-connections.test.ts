import { afterEach, describe, expect, test } from 'vitest';
import { SdkConnections } from '../../../functions/aws/connections/sdk-connections.ts';
import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { HangUpServer } from '../client/https-cut-off.ts';

const servers: HangUpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const caller = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const ways: Readonly<Record<string, (url: string) => Connections>> = {
  'our own calls': (url) => new SignedConnections(url, caller, systemClock),
  "the SDK's client": (url) => new SdkConnections(url, caller),
};

describe.for(Object.entries(ways))('a function that was frozen, by %s', ([, make]) => {
  /** Connections of which several are kept, all of them dead. */
  async function frozen(): Promise<Connections> {
    const server = await HangUpServer.start();
    servers.push(server);
    const connections = make(`${server.origin}/prod`);
    await Promise.all(Array.from({ length: 20 }, () => connections.has(newSocket())));
    expect(server.hangUp()).toBeGreaterThan(1);
    return connections;
  }

  test('finds out whether a connection exists', async () => {
    const connections = await frozen();
    expect(await connections.has(newSocket())).toBe(true);
  });

  test('ends a connection', async () => {
    const connections = await frozen();
    expect(await connections.close(newSocket())).toBeUndefined();
  });

  test('finds out about 20 at once, and ends them', async () => {
    const connections = await frozen();
    const asked = Array.from({ length: 20 }, () => connections.has(newSocket()));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
    await Promise.all(Array.from({ length: 20 }, () => connections.close(newSocket())));
  });

  test('does not post a second time what may have come', async () => {
    const connections = await frozen();
    const posted = (async () => connections.post(newSocket(), 'once'))();
    const outcome = posted.catch(({ code }: { readonly code: string }) => code);
    expect([{ kind: 'failed', code: 'post_unknown' }, 'ECONNRESET']).toContainEqual(await outcome);
  });
});
