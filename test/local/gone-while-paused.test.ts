import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../functions/node/system-clock.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { eventually } from '../support/eventually.ts';
import { startLocal } from '../support/local.ts';
import { upgradeRequest } from '../support/raw.ts';
import { clientFrame } from '../websocket/client-frames.ts';
import { RawWebSocket } from '../websocket/raw-web-socket.ts';

const texts = Array.from({ length: 50 }, (_, at) => `m${at}`);
const frames = Buffer.concat(texts.map((text) => clientFrame({ opcode: 1, payload: text })));

/** A gateway that pauses a client soon, and whose seconds are short; its app answers no message until it is let. */
async function start() {
  const clock = { ...systemClock, monotonic: () => performance.now() * 30 };
  const store = new LastingStore();
  const world = await startLocal(
    { HOOK_TIMEOUT_MS: '20000' },
    { waitingBytes: 4_000, goneMs: 10 },
    { clock, store },
  );
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  world.app.on('/stuck', async ({ fields }) => {
    if (fields['event'] === 'message') await gate;
    return 204;
  });
  return { ...world, store, go: () => go() };
}

test.for(['resetAndDestroy', 'destroy'] as const)(
  'a client that has gone while nothing is read from it is missed all the same: %s',
  async (way) => {
    const world = await start();
    const socket = connectTcp(world.gateway.port, '127.0.0.1').on('error', () => undefined);
    // More than is read ahead, after which not even a reset is seen.
    socket.write(Buffer.concat([upgradeRequest('/stuck'), ...Array.from({ length: 1_000 }, () => frames)]));
    await once(socket, 'data');
    await world.app.hook('/stuck', 'message');
    socket[way]();
    await eventually('what it had sent is stored', () => world.store.records > 1);
    world.go();
    expect((await world.app.hook('/stuck', 'closed')).fields['code']).toBe('1006');
    const told = world.app.of('/stuck', 'message').map(({ fields }) => fields['body']);
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(texts.slice(0, told.length));
    await world.stop();
  },
);

test('a client that is still there while nothing is read from it loses nothing', async () => {
  const world = await start();
  const client = await RawWebSocket.open(world.gateway.port, '/stuck');
  await client.send(frames);
  await client.until(() => client.pongs.length === 3);
  expect(client.pongs).toEqual(['', '', '']);
  world.go();
  await eventually('all are told', () => world.app.of('/stuck', 'message').length === texts.length);
  expect(world.app.of('/stuck', 'message').map(({ fields }) => fields['body'])).toEqual(texts);
  expect(client.close).toBeUndefined();
  client.destroy();
  await world.stop();
});
