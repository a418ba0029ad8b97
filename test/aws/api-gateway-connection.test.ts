import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

describe('an open connection', () => {
  test('a binary frame is refused with 1003', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    client.send(Buffer.from('m'));
    expect(await client.closed).toEqual({ code: 1003, reason: '' });
    expect(await world.ended()).toEqual([[1003, '']]);
    expect(world.messages).toEqual([]);
  });

  test('a message of more than 128 KiB is refused with 1009, however it is fragmented', async () => {
    const world = await World.start({}, { limits: { frameBytes: 1_000_000 } });
    const whole = await world.enter();
    whole.client.send('x'.repeat(131_072));
    await eventually('128 KiB are fine', () => world.messages.length === 1);
    whole.client.send('x'.repeat(131_073));
    expect((await whole.client.closed).code).toBe(1009);
    const { client } = await world.enter();
    for (let at = 0; at < 5; at++) client.ws.send('x'.repeat(30_000), { fin: at === 4 });
    expect((await client.closed).code).toBe(1009);
    expect(await world.ended(2)).toEqual([
      [1009, ''],
      [1009, ''],
    ]);
    expect(world.messages).toHaveLength(1);
  });

  test('a frame of more than 32 KiB is refused with 1009, and fragments of 32 KiB are welcome', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    const sizes = [0, 125, 126, 127, 255, 256, 32_767, 32_768];
    for (let round = 0; round < 20; round++) {
      for (const size of sizes) client.send('x'.repeat(size));
      for (let at = 0; at < 4; at++) client.ws.send('x'.repeat(32_768), { fin: at === 3 });
      client.ws.ping('p');
    }
    await eventually('all are there', () => world.messages.length === 20 * 9);
    expect(world.bodies.slice(0, 9).map(({ length }) => length)).toEqual([...sizes, 131_072]);
    client.send('x'.repeat(32_769));
    expect((await client.closed).code).toBe(1009);
    expect(await world.ended()).toEqual([[1009, '']]);
    expect(world.messages).toHaveLength(20 * 9);
  });

  test('a connection without messages is closed with 1001, "Going away", after 10 minutes; pings do not count', async () => {
    const world = await World.start({}, { limits: { idleMs: 200 } });
    const { client } = await world.enter();
    const pinging = setInterval(() => client.ws.readyState === 1 && client.ws.ping(), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(pinging);
    expect(await world.ended()).toEqual([[1001, 'Going away']]);
  });

  test('messages in either direction, and the MOCK route, keep a connection from idling out', async () => {
    const world = await World.start({}, { limits: { idleMs: 400 } });
    const [sending, pinging, sent] = [await world.enter(), await world.enter(), await world.enter()];
    const busy = setInterval(() => {
      sending.client.send('m');
      pinging.client.send('{"sockethook":"ping"}');
      void world.call('POST', sent.connectionId, 'm').catch(() => {});
    }, 50);
    for (let at = 0; at < 2; at++) await (await world.enter()).client.closed;
    clearInterval(busy);
    for (const [who, { client }] of Object.entries({ sending, pinging, sent }))
      expect(client.ws.readyState, who).toBe(client.ws.OPEN);
  });

  test('a connection is closed with 1001, "Going away", after 2 hours, however busy it is', async () => {
    const world = await World.start({}, { limits: { lifeMs: 300, idleMs: 200 } });
    const { client } = await world.enter();
    const busy = setInterval(() => client.ws.readyState === 1 && client.send('m'), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(busy);
    expect(await world.ended()).toEqual([[1001, 'Going away']]);
    expect(world.messages.length).toBeGreaterThan(2);
  });
});
