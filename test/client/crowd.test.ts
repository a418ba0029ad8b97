import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { drain } from '../../functions/local/drain.ts';
import type { CloseCode } from '../../functions/wire/close-codes.ts';
import { restartReason } from '../../functions/wire/restart-notice.ts';
import { type Options, ReliableSocket } from '../../sdk/client/index.ts';
import { FakeWebSocket } from '../fakes/fake-web-socket.ts';
import { ManualTimers } from '../fakes/manual-timers.ts';
import { most } from './most.ts';

const crowd = 200;

/** Random numbers that are the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How a crowd came back. Times are in milliseconds after the gateway was there again. */
interface Return {
  /** When each was back. */
  readonly back: readonly number[];
  /** When each tried, from the first that was cut off. */
  readonly tries: readonly number[];
}

/** Cuts a crowd off: all at once, or over a drain. The gateway is there again so long after the last. */
async function comeBack(drainMs: number, awayMs: number, seed: number): Promise<Return> {
  const clock = new ManualTimers();
  const [back, tries]: [number[], number[]] = [[], []];
  let isAway = false;
  class Connection extends FakeWebSocket {
    constructor(url: string | URL) {
      super(url);
      tries.push(clock.now());
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
  await clock.advance(10_000);
  expect(back.splice(0)).toHaveLength(crowd);
  tries.length = 0;
  isAway = true;
  const restarted = clock.now() + drainMs + awayMs;
  clock.after(drainMs + awayMs, () => {
    isAway = false;
  });
  cutOff([...FakeWebSocket.made], drainMs, clock);
  await clock.advance(drainMs + awayMs + 60_000);
  expect(back).toHaveLength(crowd);
  const after = (time: number): number => time - restarted;
  return { back: back.map(after), tries: tries.map(after) };
}

/** Closes connections as a gateway does that stops. */
function cutOff(connections: readonly FakeWebSocket[], drainMs: number, clock: ManualTimers): void {
  if (drainMs === 0) {
    for (const connection of connections) connection.end(1001);
    return;
  }
  const sessions = connections.map((connection) => ({
    hasEnded: false,
    close({ code, reason }: CloseCode): void {
      this.hasEnded = true;
      connection.end(code, reason);
    },
  }));
  const how = (backMs: number): CloseCode => ({ code: 1012, reason: restartReason(backMs) });
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });
  void drain(sessions, how, drainMs, { monotonic: () => clock.now(), sleep });
}

/** What is asserted about a crowd, over five runs with other random numbers. */
async function seen(drainMs: number, awayMs: number): Promise<{ last: number; most: number; rate: number }> {
  const all: Return[] = [];
  for (let seed = 1; seed <= 5; seed++) all.push(await comeBack(drainMs, awayMs, seed));
  const worst = {
    last: Math.max(...all.flatMap(({ back }) => back)),
    most: Math.max(...all.map(({ back }) => most(back, 100))),
    rate: Math.max(...all.map(({ tries }) => most(tries, 100))),
  };
  if (process.env['SHOW_CROWD'] === 'true')
    process.stdout.write(`${drainMs} ${awayMs} ${JSON.stringify(worst)}\n`);
  return worst;
}

test.for([0, 500, 1_000, 2_000, 4_000])(
  '200 clients that were all cut off at once are back within 2.1 s of a restart that takes %i ms, at most 30 in 100 ms',
  async (awayMs) => {
    const { last, most, rate } = await seen(0, awayMs);
    expect(last, 'until the last is back').toBeLessThanOrEqual(2_100);
    expect(most, 'come back in 100 ms').toBeLessThanOrEqual(30);
    expect(rate, 'try in 100 ms').toBeLessThanOrEqual(30);
  },
);

test.for([
  { drainMs: 1_000, awayMs: 500 },
  { drainMs: 2_000, awayMs: 1_000 },
  { drainMs: 20_000, awayMs: 0 },
  { drainMs: 20_000, awayMs: 500 },
  { drainMs: 20_000, awayMs: 4_000 },
  { drainMs: 60_000, awayMs: 1_000 },
])(
  '200 clients are back within 3 s of a restart of $awayMs ms after a drain of $drainMs ms, at most 30 in 100 ms',
  async ({ drainMs, awayMs }) => {
    const { last, most, rate } = await seen(drainMs, awayMs);
    expect(last, 'until the last is back').toBeLessThanOrEqual(3_000);
    expect(most, 'come back in 100 ms').toBeLessThanOrEqual(30);
    expect(rate, 'try in 100 ms').toBeLessThanOrEqual(30);
  },
);
