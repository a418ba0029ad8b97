import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connect as enter } from '../support/client.ts';
import { clientFrame } from './frames.ts';
import { settled, Target } from './target.ts';

const [text, ping] = [1, 9];
/** What a client may send that is to be held back, in MB. The buffers of both systems take some of it. */
const heldBack = 24;
/** How much memory all this may take, in MB. */
const maxGrowth = 150;

let target: Target;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await target.stop();
});

/** Sends a part again and again, until nobody takes more for some seconds, or so many MB are sent. Returns how many were. */
async function pour(socket: Socket, part: Buffer, most: number): Promise<number> {
  let sent = 0;
  let isTaken = true;
  while (isTaken && sent < most * 1e6) {
    sent += part.length;
    if (socket.write(part)) continue;
    const drained = new Promise((resolve) => socket.once('drain', () => resolve(true)));
    isTaken = (await Promise.race([drained, sleep(4_000)])) === true;
  }
  return sent / 1e6;
}

async function serves(): Promise<void> {
  const good = await enter(`ws://127.0.0.1:${target.port}/echo`);
  good.send('still here');
  expect(await good.next()).toBe('still here');
  await good.close();
}

test.for<[string, string]>([
  ['request after request', 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['call after call', 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'],
])('a client that sends %s and reads no answer is held back', async ([, request]) => {
  target = await Target.start();
  const [before, descriptors] = [target.memory, target.descriptors];
  const part = Buffer.from(request.repeat(2_000));
  const socket = connect(target.port, '127.0.0.1').pause();
  sockets.push(socket);
  expect(await pour(socket, part, heldBack), 'MB sent').toBeLessThan(heldBack);
  // Bun leaves what was answered on its heap for a while. Many such clients take no more than one.
  expect(target.maxMemory - before).toBeLessThan(400);
  await serves();
  socket.resetAndDestroy();
  expect(await settled(() => target.descriptors <= descriptors + 5, 15_000)).toBe(true);
});

test('a client that pings and reads no pong piles nothing up', async () => {
  target = await Target.start();
  const socket = await target.enter('/silent');
  sockets.push(socket.pause());
  const before = target.memory;
  const part = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(ping, Buffer.alloc(125, 'p'))));
  // Pings go on being read, and only the latest is to be answered.
  await pour(socket, part, 200);
  expect(target.maxMemory - before).toBeLessThan(maxGrowth);
  await serves();
});

test('a text that comes byte by byte arrives whole', async () => {
  target = await Target.start();
  const socket = await target.enter('/echo');
  sockets.push(socket.setNoDelay(true));
  const body = Buffer.alloc(131_072, 'x');
  let received = 0;
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  const before = target.memory;
  for (const byte of clientFrame(text, body)) {
    if (!socket.write(Buffer.of(byte))) await new Promise((resolve) => socket.once('drain', resolve));
  }
  // The frame of the answer has a head of 10 bytes.
  expect(await settled(() => received === body.length + 10, 20_000)).toBe(true);
  expect(target.maxMemory - before).toBeLessThan(maxGrowth);
});

test('5,000 clients that come in and are gone by a reset leave no socket and no descriptor behind', async () => {
  target = await Target.start(0, { METRICS: 'public' });
  const descriptors = target.descriptors;
  for (let come = 0; come < 5_000; come += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, () => target.enter('/in')));
    for (const socket of some) socket.resetAndDestroy();
  }
  // Kept connections to the app are closed after a while.
  expect(await settled(() => target.descriptors <= descriptors + 5, 15_000)).toBe(true);
  const metrics = await (await fetch(`http://127.0.0.1:${target.port}/metrics`)).text();
  expect(metrics).toContain('\nsockethook_sockets_open 0\n');
});
