import { describe, expect, test } from 'vitest';
import type { Breaker, BreakerState } from '../../../functions/gateway/breaker.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { type Admission, admit, heldNow, observe } from '../../../functions/gateway/relay/admit.ts';
import { MemoryBreaker } from '../../../functions/local/memory-breaker.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';

const timeout: AppResponse = { kind: 'timeout' };
const post = { kind: 'post' } as const;

/** This many hooks in a row, of different sockets, are answered like this. */
async function answers(gateway: Gateway, response: AppResponse, count = 20): Promise<void> {
  for (let at = 0; at < count; at++) await observe(gateway, { socket: newSocket() }, post, response);
}

async function isOpen({ gateway }: FakeWorld): Promise<boolean> {
  return (await gateway.breaker.state()).openedAt > 0;
}

/** A gateway whose breaker is open. Its first pause takes 750 ms. */
async function opened(): Promise<FakeWorld> {
  const world = fakeGateway();
  await answers(world.gateway, timeout);
  expect(await isOpen(world), 'what this is about').toBe(true);
  return world;
}

describe('the circuit breaker opens', () => {
  test.for<[string, AppResponse]>([
    ['time-outs', timeout],
    ['connections that are refused', { kind: 'unreachable', why: 'ECONNREFUSED' }],
    ['answers that are not HTTP', { kind: 'broken', why: 'not HTTP' }],
    ['502', answered(502)],
    ['503', answered(503)],
    ['504', answered(504)],
    ["Cloudflare's 520", answered(520)],
    ["Cloudflare's 527", answered(527)],
    ["Cloudflare's 530", answered(530)],
  ])('after 20 %s', async ([, response]) => {
    const world = fakeGateway();
    await answers(world.gateway, response, 19);
    expect(await isOpen(world), 'after 19').toBe(false);
    await answers(world.gateway, response, 1);
    expect(await isOpen(world), 'after 20').toBe(true);
  });

  test.for([200, 204, 302, 400, 401, 404, 408, 425, 429, 500, 501, 505, 519, 528, 529, 531])(
    'never after %i, which the app says',
    async (status) => {
      const world = fakeGateway();
      await answers(world.gateway, answered(status), 100);
      expect(await isOpen(world)).toBe(false);
    },
  );

  test('never after hooks that did not leave because the gateway had no connection for them', async () => {
    const world = fakeGateway();
    const response: AppResponse = {
      kind: 'unreachable',
      why: 'no connection was free in time',
      isOurs: true,
    };
    await answers(world.gateway, response, 100);
    expect(await isOpen(world)).toBe(false);
  });

  test('and says so once, with the reason and the first pause', async () => {
    const { gateway, log } = await opened();
    await answers(gateway, timeout, 5);
    const why = 'the app did not answer in time';
    expect(log.lines).toEqual([
      { level: 'error', event: 'breaker_opened', fields: { failures: 20, sockets: 5, why, pause: 750 } },
    ]);
  });
});

describe('a hook that failed before', () => {
  const failsAgain = (gateway: Gateway, admission: Admission) =>
    observe(gateway, { socket: newSocket(), isRetry: true }, admission, timeout);

  test('never opens the breaker, so that the slow hooks of a few clients hold up nobody', async () => {
    const world = fakeGateway();
    for (let at = 0; at < 100; at++) await failsAgain(world.gateway, post);
    expect(await isOpen(world), 'after 100 retries').toBe(false);
    await answers(world.gateway, timeout, 19);
    for (let at = 0; at < 100; at++) await failsAgain(world.gateway, post);
    expect(await isOpen(world), 'with 19 hooks that failed for the first time').toBe(false);
    await answers(world.gateway, timeout, 1);
    expect(await isOpen(world), 'with 20').toBe(true);
  });

  test('makes the next pause longer if it is the probe', async () => {
    const { gateway, clock } = await opened();
    clock.skipTo(clock.now() + 750);
    await failsAgain(gateway, await admit(gateway, aHook()));
    expect(await admit(gateway, aHook())).toEqual({ kind: 'held', forMs: 1_500, outageMs: 750 });
  });

  test('ends the row if the app answers it', async () => {
    const world = fakeGateway();
    await answers(world.gateway, timeout, 19);
    await observe(world.gateway, { socket: newSocket(), isRetry: true }, post, answered(404));
    await answers(world.gateway, timeout, 19);
    expect(await isOpen(world)).toBe(false);
  });
});

describe('while the circuit breaker is open', () => {
  test.for(['handshake', 'message', 'closed'] as const)(
    'a %s is held, and probes once the pause is over',
    async (event) => {
      const { gateway, clock } = await opened();
      clock.skipTo(clock.now() + 749);
      expect(await admit(gateway, aHook({ event }))).toEqual({ kind: 'held', forMs: 1, outageMs: 749 });
      clock.skipTo(clock.now() + 1);
      expect(await admit(gateway, aHook({ event }))).toEqual({ kind: 'probe' });
      const { hooks, handshakes } = gateway.breaker.held;
      expect([hooks, handshakes]).toEqual(event === 'handshake' ? [0, 1] : [1, 0]);
    },
  );

  test('one hook probes at a time, and another one if the first never ends', async () => {
    const { gateway, clock } = await opened();
    clock.skipTo(clock.now() + 750);
    const leaseMs = gateway.settings.hookTimeoutMs + 2_000;
    const both = await Promise.all([admit(gateway, aHook()), admit(gateway, aHook())]);
    expect(both, 'at the same moment').toEqual([
      { kind: 'probe' },
      { kind: 'held', forMs: 1_000, outageMs: 750 },
    ]);
    expect(await admit(gateway, aHook()), 'after that').toEqual({
      kind: 'held',
      forMs: leaseMs,
      outageMs: 750,
    });
    clock.skipTo(clock.now() + leaseMs);
    expect(await admit(gateway, aHook())).toEqual({ kind: 'probe' });
  });

  test('a hook that another process gets ahead of as the probe looks again a second later', async () => {
    const { gateway, clock } = await opened();
    clock.skipTo(clock.now() + 750);
    const behind = { ...gateway, breaker: new Overtaken(gateway.breaker, 1) };
    expect(await admit(behind, aHook())).toEqual({ kind: 'held', forMs: 1_000, outageMs: 750 });
  });

  test('a probe that fails makes the next pause longer, and others that fail do not', async () => {
    const { gateway, clock } = await opened();
    clock.skipTo(clock.now() + 750);
    const probe = await admit(gateway, aHook());
    const others = await admit(gateway, aHook());
    await observe(gateway, { socket: newSocket() }, probe, timeout);
    await observe(gateway, { socket: newSocket() }, others, timeout);
    await answers(gateway, timeout, 3);
    expect(await admit(gateway, aHook())).toEqual({ kind: 'held', forMs: 1_500, outageMs: 750 });
  });

  test('a client whose hooks alone are answered 503 does not keep the probe from the others', async () => {
    const world = await opened();
    const { gateway, clock } = world;
    const [hostile, other] = [newSocket(), newSocket()];
    const postOf = async (socket: SocketId) => {
      const admission = await admit(gateway, aHook({ socket }));
      if (admission.kind === 'held') return admission;
      await observe(gateway, { socket }, admission, answered(socket === hostile ? 503 : 204));
      return admission;
    };
    clock.skipTo(clock.now() + 750);
    expect(await postOf(hostile), 'the first probe').toEqual({ kind: 'probe' });
    clock.skipTo(clock.now() + 1_500);
    expect(await postOf(hostile), 'the second').toEqual({ kind: 'held', forMs: 2_000, outageMs: 2_250 });
    expect(await postOf(other), 'the second').toEqual({ kind: 'probe' });
    for (let at = 0; at < 100; at++) expect(await postOf(hostile), 'after that').toEqual(post);
    expect(await isOpen(world)).toBe(false);
  });

  test.for([204, 404, 429, 500])(
    'any answer closes it, as %i does, and it says for how long it was open',
    async (status) => {
      const world = await opened();
      const { gateway, clock, log } = world;
      await admit(gateway, aHook());
      await admit(gateway, aHook({ event: 'closed' }));
      await heldNow(gateway);
      clock.skipTo(clock.now() + 61_000);
      const probe = await admit(gateway, aHook());
      await observe(gateway, { socket: newSocket() }, probe, answered(status));
      expect(await isOpen(world)).toBe(false);
      expect(admit(gateway, aHook()), 'no promise on the way of every hook').toEqual(post);
      const counts = { hooks: 2, handshakes: 1, dead: 0, lost: 0, waiting: 0 };
      const fields = { seconds: 61, probes: 1, ...counts };
      expect(log.of('breaker_closed')).toEqual([{ level: 'warn', event: 'breaker_closed', fields }]);
    },
  );

  test('a clock that is set back never makes an outage of negative length', async () => {
    const { gateway, clock, log } = await opened();
    clock.set(-3_600_000);
    expect(await admit(gateway, aHook())).toEqual({ kind: 'probe' });
    await answers(gateway, answered(204), 1);
    expect(log.of('breaker_closed')).toMatchObject([{ fields: { seconds: 0 } }]);
  });

  test('a client that connects is told how long it is held, and takes no probe away', async () => {
    const { gateway, clock } = await opened();
    expect(await heldNow(gateway)).toBe(750);
    clock.skipTo(clock.now() + 750);
    expect(await heldNow(gateway)).toBe(0);
    expect(await admit(gateway, aHook())).toEqual({ kind: 'probe' });
  });
});

/** A breaker whose state others change first, this many times. */
class Overtaken implements Breaker {
  readonly held = new MemoryBreaker().held;
  readonly heardWithinMs = 0;
  readonly #breaker: Breaker;
  #times: number;

  constructor(breaker: Breaker, times: number) {
    this.#breaker = breaker;
    this.#times = times;
  }

  async state(): Promise<BreakerState> {
    return this.#breaker.state();
  }

  async change(to: BreakerState): Promise<boolean> {
    this.#times -= 1;
    return this.#times < 0 && this.#breaker.change(to);
  }
}

/** A breaker that can't be reached. Each call fails by itself. */
class Unreachable implements Breaker {
  readonly held = new MemoryBreaker().held;
  readonly heardWithinMs = 0;

  async state(): Promise<BreakerState> {
    throw new Error('No table.');
  }

  async change(): Promise<boolean> {
    throw new Error('No table.');
  }
}

describe('a breaker that several processes share', () => {
  test('counts a failure even if another gets ahead', async () => {
    const world = fakeGateway();
    const breaker = new Overtaken(world.gateway.breaker, 1);
    await answers({ ...world.gateway, breaker }, timeout, 1);
    expect(await breaker.state()).toMatchObject({ version: 1, failures: 1 });
  });

  test('gives a failure up that two others get ahead of, since the next hook counts', async () => {
    const world = fakeGateway();
    const breaker = new Overtaken(world.gateway.breaker, 2);
    await answers({ ...world.gateway, breaker }, timeout, 1);
    expect(await breaker.state()).toMatchObject({ version: 0, failures: 0 });
  });

  test.for<[string, AppResponse]>([
    ['an answer', answered(204)],
    ['a failure', timeout],
  ])('holds nothing if it cannot be reached, whether there is %s, and says so once', async ([, response]) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const { gateway, log } = fakeGateway();
    const away = { ...gateway, breaker: new Unreachable() };
    expect(await admit(away, aHook())).toEqual(post);
    expect(await heldNow(away)).toBe(0);
    await answers(away, response, 3);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(log.lines).toMatchObject([{ level: 'warn', event: 'breaker_unknown' }]);
  });
});
