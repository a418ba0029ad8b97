import { afterEach, describe, expect, test } from 'vitest';
import { drain } from '../../functions/local/drain.ts';
import { type CloseCode, closeCodes } from '../../functions/wire/close-codes.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { connect, tryConnect } from '../support/client.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { RecordingApp } from '../support/recording-app.ts';

const { restarting } = closeCodes;
const how = (backMs: number): CloseCode => ({ ...restarting, reason: String(backMs) });

/** A session that notes when it was closed. */
class Timed {
  hasEnded = false;
  closedAt: number | undefined;
  how: CloseCode | undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  close(how: CloseCode): void {
    this.hasEnded = true;
    this.how = how;
    this.closedAt = this.#clock.now();
  }
}

function crowd(count: number, clock: ManualClock): Timed[] {
  return Array.from({ length: count }, () => new Timed(clock));
}

/** The most of them that were closed within so many milliseconds. */
function most(sessions: readonly Timed[], ms: number): number {
  const times = sessions.flatMap(({ closedAt }) => closedAt ?? []).sort((one, other) => one - other);
  return Math.max(
    ...times.map((from, at) => {
      const after = times.findIndex((time) => time >= from + ms - 0.01);
      return (after < 0 ? times.length : after) - at;
    }),
  );
}

describe('a drain', () => {
  test.for([
    { count: 1, seconds: 1 },
    { count: 7, seconds: 20 },
    { count: 200, seconds: 1 },
    { count: 200, seconds: 20 },
    { count: 1_900, seconds: 10 },
    { count: 10_000, seconds: 5 },
  ])(
    'of $count sockets over $seconds s closes at most the even share of them in any tenth of that time',
    async ({ count, seconds }) => {
      const clock = new ManualClock();
      const sessions = crowd(count, clock);
      const begun = clock.now();
      await clock.until(drain(sessions, how, seconds * 1_000, clock));
      expect(new Set(sessions.map(({ how }) => how?.code))).toEqual(new Set([1012]));
      // Where steps are longer than the pauses between sockets, a step closes several.
      const step = Math.ceil(count / (seconds * 100)) - 1;
      expect(most(sessions, seconds * 100)).toBeLessThanOrEqual(Math.ceil(count / 10) + step);
      expect((clock.now() - begun) / 1_000).toBeCloseTo(seconds, 1);
    },
  );

  test('is over soon after its last client has left by itself, however much time it has', async () => {
    const clock = new ManualClock();
    const [session = new Timed(clock)] = crowd(1, clock);
    const begun = clock.now();
    const drained = drain([session], how, 3_600_000, clock);
    await clock.advance(10_000);
    session.hasEnded = true;
    await clock.until(drained);
    expect(clock.now() - begun, 'milliseconds').toBeLessThanOrEqual(12_000);
    expect(session.closedAt, 'nobody closed it').toBeUndefined();
  });

  test.for([
    { count: 200, seconds: 20, rate: 250 },
    { count: 200, seconds: 2, rate: 250 },
    { count: 200, seconds: 0.5, rate: 400 },
    { count: 10_000, seconds: 20, rate: 500 },
  ])(
    'of $count sockets over $seconds s asks each back in its place after the end, at $rate a second',
    async ({ count, seconds, rate }) => {
      const clock = new ManualClock();
      const sessions = crowd(count, clock);
      const end = clock.now() + seconds * 1_000;
      await clock.until(drain(sessions, how, seconds * 1_000, clock));
      for (const [place, { closedAt = Number.NaN, how }] of sessions.entries())
        expect(closedAt + Number(how?.reason) - end, `place ${place}`).toBeCloseTo((place * 1_000) / rate, 0);
    },
  );

  test('makes no burst of what was due while the process was held up', async () => {
    const clock = new ManualClock();
    const sessions = crowd(200, clock);
    let naps = 0;
    const stalling = {
      monotonic: () => clock.monotonic(),
      sleep: async (ms: number) => {
        naps += 1;
        await clock.sleep(naps === 50 ? 5_000 : ms);
      },
    };
    await clock.until(drain(sessions, how, 20_000, stalling));
    expect(sessions.every(({ hasEnded }) => hasEnded)).toBe(true);
    expect(most(sessions, 2_000), '150 sockets are left for 10 s').toBeLessThanOrEqual(31);
  });

  test('leaves empty the places of those that end by themselves, and ends with the last socket', async () => {
    const clock = new ManualClock();
    const sessions = crowd(100, clock);
    const begun = clock.now();
    const drained = drain(sessions, how, 10_000, clock);
    await clock.advance(1_000);
    for (const session of sessions) session.hasEnded = true;
    await clock.until(drained);
    expect(sessions.filter(({ how }) => how !== undefined)).toHaveLength(10);
    expect(clock.now() - begun).toBeLessThanOrEqual(1_200);
  });

  test('is over at once where nobody is connected', async () => {
    const clock = new ManualClock();
    await drain([], how, 3_600_000, clock);
    expect(clock.slept).toEqual([]);
  });
});

describe('a gateway with DRAIN_SECONDS that gets a SIGTERM', () => {
  let gateway: GatewayProcess | undefined;
  const app = new RecordingApp();
  afterEach(async () => {
    gateway?.kill();
    await app.stop();
  });

  async function start(seconds: string): Promise<GatewayProcess> {
    gateway = await GatewayProcess.start({
      WEBHOOK_BASE_URL: await app.listen(),
      DRAIN_SECONDS: seconds,
      HOOK_TIMEOUT_MS: '5000',
    });
    return gateway;
  }

  test('closes 200 sockets with 1012 one after another, tells each closed, and serves the others meanwhile', async () => {
    const { url, exited } = await start('3');
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect(`${url}crowd`)));
    const times: number[] = [];
    const closed = clients.map(async (client) => {
      const how = await client.closed;
      times.push(performance.now());
      return how;
    });
    const begun = performance.now();
    gateway?.signal('SIGTERM');
    await Promise.race(closed);
    for (const { ws } of clients) if (ws.readyState === ws.OPEN) ws.send('still here');
    await app.hook('/crowd', 'message');
    const refused = await tryConnect(`${url}late`);
    expect(refused).toMatchObject({ status: 503 });
    expect(new Set((await Promise.all(closed)).map(({ code }) => code))).toEqual(new Set([1012]));
    // The gateway may have accepted them in another order.
    const backs = (await Promise.all(closed)).map(({ reason }) =>
      Number(/back in (\S+) s/.exec(reason)?.[1]),
    );
    expect(Math.max(...backs), 'seconds for the first').toBeCloseTo(3, 0);
    expect(Math.min(...backs), 'seconds for the last').toBeCloseTo(1, 0);
    expect((times.at(-1) ?? 0) - begun, 'how long it takes').toBeGreaterThan(2_700);
    expect((times[99] ?? 0) - begun, 'when half are closed').toBeGreaterThan(1_000);
    expect(await exited).toBe(0);
    expect(app.of('/crowd', 'closed').map(({ fields }) => fields['code'])).toEqual(Array(200).fill('1012'));
  });

  test('refuses new clients with 503, and `Retry-After` says when it will be back', async () => {
    const { url } = await start('3600');
    const client = await connect(`${url}a`);
    gateway?.signal('SIGTERM');
    await expect.poll(() => gateway?.of('stopping').length).toBe(1);
    const refused = await tryConnect(`${url}late`);
    expect(refused).toMatchObject({ status: 503 });
    expect(Number('headers' in refused && refused.headers['retry-after'])).toBeGreaterThan(3_590);
    expect(Number('headers' in refused && refused.headers['retry-after'])).toBeLessThanOrEqual(3_605);
    // One that comes within a second of the first is the same signal, passed on.
    const again = setInterval(() => gateway?.signal('SIGTERM'), 200);
    expect(await gateway?.exited, 'a second signal ends it at once').toBe(1);
    clearInterval(again);
    expect((await client.closed).code).toBe(1006);
  });
});
