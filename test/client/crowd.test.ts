import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Options, ReliableSocket } from '../../sdk/client/index.ts';
import { FakeWebSocket } from '../fakes/fake-web-socket.ts';
import { ManualTimers } from '../fakes/manual-timers.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startLocal } from '../support/local.ts';

const crowd = 200;

/** The most of these times that lie within so many milliseconds. */
function most(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + ms).length));
}

/** Random numbers that are the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** When each of the crowd is back, in milliseconds after a gateway is there again that was away for so long. */
async function comeBack(awayMs: number, seed: number): Promise<number[]> {
  const clock = new ManualTimers();
  const back: number[] = [];
  let isAway = false;
  class Connection extends FakeWebSocket {
    constructor(url: string | URL) {
      super(url);
      clock.after(5, () => (isAway ? this.end(1006) : this.accept()));
    }
  }
  const options = {
    WebSocket: Connection as unknown as NonNullable<Options['WebSocket']>,
    ...{ clock, random: randomFrom(seed), network: new EventTarget() },
  };
  setMaxListeners(crowd, options.network);
  FakeWebSocket.made.length = 0;
  for (let at = 0; at < crowd; at++) {
    const socket = new ReliableSocket('ws://gateway/', options);
    socket.onopen = () => back.push(clock.now());
  }
  await clock.advance(100);
  expect(back.splice(0)).toHaveLength(crowd);
  isAway = true;
  const restarted = clock.now() + awayMs;
  clock.after(awayMs, () => {
    isAway = false;
  });
  for (const connection of [...FakeWebSocket.made]) connection.end(1001);
  await clock.advance(awayMs + 60_000);
  expect(back).toHaveLength(crowd);
  return back.map((time) => time - restarted);
}

test.for([0, 500, 1_000, 2_000])(
  '200 clients that were all cut off at once are back within 2 s of a restart that takes %i ms, at most 38 in 100 ms',
  async (awayMs) => {
    for (let seed = 1; seed <= 5; seed++) {
      const back = await comeBack(awayMs, seed);
      const seen = { seed, last: Math.max(...back), most: most(back, 100) };
      if (process.env['SHOW_CROWD'] === 'true') process.stdout.write(`${awayMs} ${JSON.stringify(seen)}\n`);
      expect(seen.last, JSON.stringify(seen)).toBeLessThanOrEqual(2_000);
      expect(seen.most, JSON.stringify(seen)).toBeLessThanOrEqual(38);
    }
  },
);

test('200 real clients each have one connection after a restart', async () => {
  const port = await freePort();
  const first = await startLocal({ PORT: String(port) });
  const ws = WebSocket as unknown as NonNullable<Options['WebSocket']>;
  const url = `ws://127.0.0.1:${port}/`;
  const sockets = Array.from({ length: crowd }, () => new ReliableSocket(url, { WebSocket: ws }));
  const areIn = (): boolean => sockets.every(({ readyState }) => readyState === 1);
  await eventually('all are in', areIn);
  await first.stop();
  expect(sockets.some(({ readyState }) => readyState === 1)).toBe(false);
  const second = await startLocal({ PORT: String(port) });
  await eventually('all are back', areIn);
  const { json } = await second.api.call('GET', '/sockets?limit=1000');
  expect(json['sockets']).toHaveLength(crowd);
  for (const socket of sockets) socket.close();
  await second.stop();
});
