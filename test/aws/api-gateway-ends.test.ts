import { afterEach, describe, expect, test } from 'vitest';
import { ok, stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

describe('an end', () => {
  test('a client that closes without a code is told as 1005, "Client-side close frame status not set"', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    client.ws.close();
    expect(await world.ended()).toEqual([[1005, 'Client-side close frame status not set']]);
  });

  test('a client that closes with a code is told with its own code and reason', async () => {
    const world = await World.start();
    await (await world.enter()).client.close(1001);
    await (await world.enter()).client.close(3999, 'bye');
    expect(await world.ended(2)).toEqual([
      [1001, ''],
      [3999, 'bye'],
    ]);
  });

  test('a client that vanishes is told as 1006 with an empty reason', async () => {
    const world = await World.start();
    (await world.enter()).client.ws.terminate();
    expect(await world.ended()).toEqual([[1006, '']]);
  });

  test('$disconnect comes once when a connection ends, and what it returns or throws matters to nobody', async () => {
    const outcomes = [() => Promise.reject(new Error('no')), async () => 'what?', async () => ok];
    const world = await World.start({ $disconnect: () => outcomes.pop()?.() ?? Promise.resolve() });
    for (let at = 1; at <= 3; at++) {
      const { client, connectionId } = await world.enter();
      const [, deleted] = await Promise.all([client.close(), world.call('DELETE', connectionId)]);
      expect([204, 410]).toContain(deleted.status);
      expect(await world.ended(at)).toHaveLength(at);
    }
  });

  test('the fault dropDisconnect: it never comes', async () => {
    const world = await World.start();
    world.faults.dropDisconnect = 1;
    await (await world.enter()).client.close(4001);
    await (await world.enter()).client.close(4002);
    expect(await world.ended()).toEqual([[4002, '']]);
  });

  test('the fault doubleDisconnect: it comes twice', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    world.faults.doubleDisconnect = (named) => named === connectionId;
    await (await world.enter()).client.close(4001);
    await world.ended();
    await client.close(4002);
    expect(await world.ended(3)).toEqual([
      [4001, ''],
      [4002, ''],
      [4002, ''],
    ]);
  });
});
