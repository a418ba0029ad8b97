import { describe, expect, test } from 'vitest';
import type { ApiResponse } from '../../../functions/gateway/api/call.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { aRecord } from '../../fakes/a-record.ts';
import { everySchedule, type Play } from '../../fakes/every-schedule.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { callBroadcast, callSend, read } from '../../fakes/keyed-call.ts';
import { passedGateway } from '../../fakes/passed-gateway.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';
import { quiet, Turnstile } from '../../fakes/turnstile.ts';

const key = 'order-17';
const timeout = 60_000;
const sockets = Array.from({ length: 501 }, () => aRecord({ status: 'open' }).socket);

/** How an answer to one of several calls may look: the first, a repeat of it, or in use. */
type Answered = ReturnType<typeof read>;

/** Several calls at the same time, step by step. */
class Calling implements Play {
  readonly world: FakeWorld;
  readonly answers: Answered[] = [];
  readonly #turnstile: Turnstile;
  readonly #check: (calling: Calling) => Promise<void>;

  constructor(world: FakeWorld, check: (calling: Calling) => Promise<void>) {
    this.world = world;
    this.#check = check;
    this.#turnstile = new Turnstile(() => world.clock.now());
  }

  begin(actor: string, call: (gateway: Gateway) => Promise<ApiResponse>): void {
    const passed = passedGateway(this.world.gateway, this.#turnstile.passOf(actor));
    // What is stored while a call runs only matters if it dies. Its pauses would multiply the orders.
    const clock = { ...passed.clock, sleep: () => new Promise<never>(() => {}) };
    void call({ ...passed, clock }).then((answer) => this.answers.push(read(answer)));
  }

  get choices(): readonly string[] {
    return this.#turnstile.waiting;
  }

  step(at: number): Promise<void> {
    return this.#turnstile.letThrough(at);
  }

  async state(): Promise<unknown> {
    await quiet();
    return [this.#turnstile.state, this.world.connections.arrived, this.answers];
  }

  async end(): Promise<void> {
    await runBroadcasts(this.world);
    await this.#check(this);
  }
}

async function callingTo(count: number, check: (calling: Calling) => Promise<void>): Promise<Calling> {
  const world = fakeGateway();
  for (const socket of sockets.slice(0, count)) await world.admit({ socket });
  return new Calling(world, check);
}

/** One call did it, the others got its answer or were told to wait. Everybody has the message once. */
function expectOnce({ world, answers }: Calling, calls: number): void {
  expect(answers).toHaveLength(calls);
  const done = answers.filter(({ status, isReplayed }) => status < 300 && !isReplayed);
  expect(done.length, 'calls that did it').toBe(1);
  for (const { status, json, isReplayed } of answers)
    expect([status, isReplayed ? json : json['code']]).toEqual(
      isReplayed
        ? [done[0]?.status, done[0]?.json]
        : [status, status === 409 ? 'idempotency_key_in_use' : undefined],
    );
  expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
}

describe('in whatever order the steps of calls with one key come', { timeout }, () => {
  test('two sends to two sockets are done once', async () => {
    const seen = await everySchedule(async () => {
      const calling = await callingTo(2, async (all) => expectOnce(all, 2));
      for (const actor of ['one', 'two'])
        calling.begin(actor, (gateway) =>
          callSend(gateway, { sockets: sockets.slice(0, 2), body: 'hello' }, { key }),
        );
      await quiet();
      return calling;
    });
    expect(seen.schedules).toBeGreaterThan(20);
  });

  test('three broadcasts are done once', async () => {
    const seen = await everySchedule(async () => {
      const calling = await callingTo(1, async (all) => expectOnce(all, 3));
      for (const actor of ['one', 'two', 'three'])
        calling.begin(actor, (gateway) => callBroadcast(gateway, { body: 'hello' }, { key }));
      await quiet();
      return calling;
    });
    expect(seen.schedules).toBeGreaterThan(50);
  });

  test('two broadcasts that are too large for a call are handed over once', async () => {
    const seen = await everySchedule(async () => {
      const calling = await callingTo(501, async (all) => expectOnce(all, 2));
      for (const actor of ['one', 'two'])
        calling.begin(actor, (gateway) => callBroadcast(gateway, { body: 'hello' }, { key }));
      await quiet();
      return calling;
    });
    expect(seen.schedules).toBeGreaterThan(5);
  });

  test('of two calls with other content one is done, and the other refused', async () => {
    await everySchedule(async () => {
      const calling = await callingTo(1, async ({ world, answers }) => {
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
        expect(world.connections.arrived).toHaveLength(1);
      });
      for (const body of ['one', 'two'])
        calling.begin(body, (gateway) => callBroadcast(gateway, { body }, { key }));
      await quiet();
      return calling;
    });
  });
});
