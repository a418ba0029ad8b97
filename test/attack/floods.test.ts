import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { programOf } from '../support/program.ts';
import { clientFrame } from './frames.ts';
import { Target } from './target.ts';

const text = 1;
const pong = 10;
/** What the gateway may take in all, in MB, whatever clients do. */
const maxMemory = 600;

let target: Target;
const sockets: Socket[] = [];
const flooders: ChildProcess[] = [];
afterEach(async () => {
  for (const flooder of flooders.splice(0)) flooder.kill('SIGKILL');
  for (const socket of sockets.splice(0)) socket.destroy();
  await target.stop();
});

async function enterAll(count: number, path: string): Promise<void> {
  while (sockets.length < count) {
    const some = Array.from({ length: 50 }, () => target.enter(path));
    sockets.push(...(await Promise.all(some)));
  }
}

describe('1,000 clients that flood an app which never answers', () => {
  test.for<number>([0, 1, 131_072])(
    'with frames of %i bytes take less than 600 MB, and others are served',
    { timeout: 60_000 },
    async (bytes) => {
      target = await Target.start();
      const good = await connect(`ws://127.0.0.1:${target.port}/echo`);
      const program = await programOf('test/attack/flooder.ts');
      const args = [program, String(target.port), '1000', String(bytes)];
      const flooder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      flooders.push(flooder);
      await new Promise((resolve) => flooder.stdout.once('data', resolve));
      const until = performance.now() + 4_000;
      let echoes = 0;
      while (echoes < 5 || performance.now() < until) {
        good.send(`echo ${echoes}`);
        expect(await good.next()).toBe(`echo ${echoes}`);
        echoes += 1;
        expect((await fetch(`http://127.0.0.1:${target.port}/health`)).status).toBe(200);
      }
      expect(target.isRunning).toBe(true);
      expect(target.maxMemory).toBeLessThan(maxMemory);
    },
  );
});

test('fragments of a byte, each in a read that is otherwise full of pongs, keep no read alive', async () => {
  target = await Target.start();
  const socket = await target.enter('/silent');
  sockets.push(socket);
  const before = target.memory;
  const pongs = Array.from({ length: 500 }, () => clientFrame(pong, Buffer.alloc(124)));
  socket.write(clientFrame(text, Buffer.from('x'), false));
  const part = Buffer.concat([clientFrame(0, Buffer.from('x'), false), ...pongs]);
  for (let sent = 0; sent < 4_000; sent++) {
    if (!socket.write(part)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  expect(target.isRunning).toBe(true);
  // What came is 260 MB.
  expect(target.maxMemory - before).toBeLessThan(150);
}, 60_000);

test('messages that are begun and never ended are bounded over all clients', async () => {
  target = await Target.start();
  await enterAll(2_000, '/silent');
  const part = clientFrame(text, Buffer.alloc(131_000, 'x'), false);
  for (const socket of sockets) socket.write(part);
  const gone = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  // 2,000 of them would be 262 MB, and twice that in the memory they are gathered in.
  await Promise.race(gone);
  const good = await connect(`ws://127.0.0.1:${target.port}/echo`);
  good.send('still here');
  expect(await good.next()).toBe('still here');
  expect(target.maxMemory).toBeLessThan(maxMemory);
}, 60_000);
