import { createServer } from 'node:http';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { DynamoBreaker } from '../../../functions/aws/dynamo/breaker.ts';
import type { Dynamo as Calls } from '../../../functions/aws/dynamo/calls.ts';
import { type BreakerState, untouched } from '../../../functions/gateway/breaker.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { type Admission, admit, observe } from '../../../functions/gateway/relay/admit.ts';
import { postHook } from '../../../functions/gateway/relay/post-hook.ts';
import { breakerContract } from '../../contract/ports/breaker.ts';
import { portOf } from '../../contract/ports/port-of.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { breakerAt, Dynamo } from '../dynamo-table.ts';

vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const client = dynamo.client();
const fronts: DynamoFront[] = [];
afterAll(async () => {
  for (const front of fronts) await front.close();
  await dynamo.stop();
});

/** A front before DynamoDB, and the breakers of processes that reach it there. */
async function behind(manner: Manner = {}) {
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  return { front, process: () => breakerAt({ name, endpoint: front.endpoint }) };
}

breakerContract('a breaker in DynamoDB', async () => {
  const name = await dynamo.table(client);
  const process = () => breakerAt({ name, endpoint: dynamo.endpoint });
  return { breaker: process(), another: process };
});

breakerContract('a breaker on the double of DynamoDB, whose refusals tell the state', async () => {
  const double = new MemoryDynamo();
  const process = () => new DynamoBreaker(() => double, memoryTables, new ManualClock());
  return { breaker: process(), another: process };
});

/** Processes that share a table in memory, and what they ask of it. */
function processes() {
  const double = new MemoryDynamo();
  const asked: string[] = [];
  const clock = new ManualClock();
  const world = { isAway: false, late: Promise.resolve() };
  const calls: Calls = {
    run: async (operation, input) => {
      asked.push(operation);
      if (world.isAway) throw new Error('DynamoDB is away.');
      const { late } = world;
      const output = await double.run(operation, input);
      await late;
      return output;
    },
  };
  /** A gateway in a process of its own. */
  const process = () => {
    const fake = fakeGateway({ settings: { hookTimeoutMs: 10_000 } });
    const breaker = new DynamoBreaker(() => calls, memoryTables, clock);
    const gateway: Gateway = { ...fake.gateway, breaker, clock };
    return { ...fake, gateway, breaker };
  };
  /** What was asked since this was called last. */
  const askedNow = (): string[] => asked.splice(0);
  return { asked, askedNow, clock, process, world };
}

const openedAt = 1_764_000_000_000;
const open = (heldUntil: number, version = 1): BreakerState => ({
  ...{
    version,
    failures: 20,
    sockets: [newSocket()],
    failingSince: openedAt,
    openedAt,
    heldUntil,
    probes: 0,
  },
});
const noAnswer = { kind: 'unreachable', why: 'ECONNREFUSED' } as const;
const response = { kind: 'response', status: 204, contentType: '', retryAfter: '', body: '' } as const;

describe('the state in a process', () => {
  test('is read once for all who ask at the same time, and then comes back at once', async () => {
    const { asked, process } = processes();
    const { breaker } = process();
    const states = [breaker.state(), breaker.state(), breaker.state()];
    expect(await Promise.all(states)).toEqual([untouched, untouched, untouched]);
    expect(breaker.state(), 'no promise').toEqual(untouched);
    expect(asked).toEqual(['GetItem']);
  });

  test('is read again when it is five seconds old, and no sooner', async () => {
    const { askedNow, clock, process } = processes();
    const [breaker, other] = [process().breaker, process().breaker];
    await breaker.state();
    await other.change(open(clock.now() + 1_000));
    askedNow();
    clock.skipTo(clock.now() + 4_999);
    expect(breaker.state(), 'a moment before').toEqual(untouched);
    clock.skipTo(clock.now() + 1);
    expect(await breaker.state(), 'then').toMatchObject({ openedAt });
    expect(askedNow()).toEqual(['GetItem']);
  });

  test('is known after a change, whether it was made or not, without a read', async () => {
    const { askedNow, clock, process } = processes();
    const [breaker, other] = [process().breaker, process().breaker];
    await other.state();
    const made = open(clock.now() + 1_000);
    expect(await breaker.change(made)).toBe(true);
    expect(await other.change(open(0))).toBe(false);
    expect([breaker.state(), other.state()]).toEqual([made, made]);
    expect(askedNow()).toEqual(['GetItem', 'PutItem', 'PutItem']);
  });

  test('is read anew after a change that was refused by a DynamoDB that does not tell it', async () => {
    const { front, process } = await behind();
    const [breaker, other] = [process(), process()];
    await other.state();
    const made = open(1);
    await breaker.change(made);
    expect(await other.change(open(0))).toBe(false);
    front.sent();
    expect(await other.state()).toEqual(made);
    expect(front.sent()).toEqual({ GetItem: 1 });
  });

  test('that a late answer has is not taken for the one after it', async () => {
    const { clock, process, world } = processes();
    const { breaker } = process();
    let answer: () => void = () => undefined;
    world.late = new Promise((resolve) => {
      answer = resolve;
    });
    const first = breaker.change(open(clock.now()));
    world.late = Promise.resolve();
    const second = { ...untouched, version: 2 };
    expect(await breaker.change(second)).toBe(true);
    answer();
    expect(await first, 'the late answer').toBe(true);
    expect(breaker.state()).toEqual(second);
  });

  test('counts what was held anew with each outage that it learns of', async () => {
    const { clock, process } = processes();
    const [one, other] = [process(), process()];
    await one.breaker.change(open(clock.now() + 20_000));
    expect((await admit(other.gateway, aHook())).kind).toBe('held');
    expect(other.breaker.held.hooks).toBe(1);
    Object.assign(other.breaker.held, { dead: 2, lost: 3 });
    await one.breaker.change({ ...untouched, version: 2 });
    await one.breaker.change({ ...open(clock.now() + 20_000, 3), openedAt: openedAt + 1 });
    clock.skipTo(clock.now() + 5_000);
    expect((await admit(other.gateway, aHook({ event: 'closed' }))).kind).toBe('held');
    expect({ ...other.breaker.held }, 'of the second outage').toMatchObject({ hooks: 1, dead: 0, lost: 0 });
  });
});

describe('a probe', () => {
  test('is begun by one of the processes that want to at the same time', async () => {
    const { clock, process } = processes();
    const all = Array.from({ length: 20 }, process);
    await all[0]?.breaker.change(open(clock.now() + 1_000));
    await Promise.all(all.map(({ breaker }) => breaker.state()));
    clock.skipTo(clock.now() + 1_000);
    const admissions = await Promise.all(all.map(({ gateway }) => admit(gateway, aHook())));
    expect(admissions.filter(({ kind }) => kind === 'probe')).toHaveLength(1);
    expect(admissions.filter(({ kind }) => kind === 'held')).toHaveLength(19);
  });

  test('of a process that died is begun by another when its lease is over, and no sooner', async () => {
    const { clock, process } = processes();
    const [one, other] = [process(), process()];
    await one.breaker.change(open(clock.now()));
    expect((await admit(one.gateway, aHook())).kind, 'the one that dies').toBe('probe');
    const kinds: Admission['kind'][] = [];
    // A hook may take ten seconds, and two more.
    for (const ms of [5_000, 6_999, 1]) {
      clock.skipTo(clock.now() + ms);
      kinds.push((await admit(other.gateway, aHook())).kind);
    }
    expect(kinds).toEqual(['held', 'held', 'probe']);
  });

  test('that is answered ends the outage for all, at most five seconds later', async () => {
    const { clock, process } = processes();
    const [one, other] = [process(), process()];
    await one.breaker.change(open(clock.now()));
    await other.breaker.state();
    const probe = await admit(one.gateway, aHook());
    await observe(one.gateway, aHook(), probe, response);
    expect(one.log.of('breaker_closed')).toHaveLength(1);
    clock.skipTo(clock.now() + 5_000);
    expect((await admit(other.gateway, aHook())).kind).toBe('post');
  });
});

describe('hooks of one path that fail, among processes that get answers', () => {
  /** What fails in one process, in as many hooks of as many sockets. */
  const fail = async ({ gateway }: { gateway: Gateway }, count = 25): Promise<void> => {
    for (let at = 0; at < count; at++) await observe(gateway, aHook(), { kind: 'post' }, noAnswer);
  };

  test('do not open the breaker, however many they are, while others are answered', async () => {
    const { clock, process } = processes();
    const [one, other] = [process(), process()];
    await other.breaker.state();
    for (let seconds = 0; seconds < 60; seconds++) {
      await fail(one);
      clock.skipTo(clock.now() + 500);
      await observe(other.gateway, aHook(), { kind: 'post' }, response);
      clock.skipTo(clock.now() + 500);
    }
    expect(one.log.of('breaker_opened')).toEqual([]);
  });

  test('open it after six seconds if nobody is answered, and cost no writes until then', async () => {
    const { askedNow, clock, process } = processes();
    const [one, other] = [process(), process()];
    await fail(one);
    askedNow();
    clock.skipTo(clock.now() + 5_999);
    await fail(one);
    await fail(other);
    expect(askedNow(), 'both read it').toEqual(['GetItem', 'GetItem']);
    expect(one.log.of('breaker_opened'), 'before').toEqual([]);
    clock.skipTo(clock.now() + 1);
    await fail(other, 1);
    expect(other.log.of('breaker_opened'), 'then').toMatchObject([{ fields: { failures: 20, sockets: 5 } }]);
  });
});

describe('where DynamoDB is away', () => {
  test('hooks are posted, and one line says that nobody knows the state', async () => {
    const { askedNow, clock, process, world } = processes();
    const { gateway, app, log } = process();
    world.isAway = true;
    app.answers = [noAnswer, noAnswer];
    for (let at = 0; at < 5; at++) await postHook(gateway, aHook());
    expect(app.requests).toHaveLength(5);
    expect(log.of('breaker_unknown')).toHaveLength(1);
    expect(askedNow(), 'in five seconds').toEqual(['GetItem']);
    clock.skipTo(clock.now() + 5_000);
    await postHook(gateway, aHook());
    expect(askedNow(), 'and then').toEqual(['GetItem']);
    world.isAway = false;
    clock.skipTo(clock.now() + 5_000);
    app.answers = [noAnswer];
    await postHook(gateway, aHook());
    expect(askedNow(), 'when it is back').toEqual(['GetItem', 'PutItem']);
  });

  test('a hook does not wait long for an answer that does not come', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const breaker = breakerAt({ name: 'none', endpoint: `http://127.0.0.1:${portOf(silent)}` });
    const began = performance.now();
    await expect(breaker.state()).rejects.toThrow();
    // Other calls get four seconds.
    expect(performance.now() - began).toBeLessThan(3_000);
    silent.closeAllConnections();
    silent.close();
  });

  test('and throttles the item, a change is tried once', async () => {
    const { front, process } = await behind({ first: 'throttling' });
    const { gateway, log } = { ...fakeGateway() };
    const breaker = process();
    await observe({ ...gateway, breaker }, aHook(), { kind: 'post' }, noAnswer);
    expect(front.sent()).toEqual({ GetItem: 1, PutItem: 1 });
    expect(log.of('breaker_unknown')).toHaveLength(1);
  });

  test('for a moment, the state is read a second time', async () => {
    let times = 0;
    const { front, process } = await behind({
      before: async (operation) => {
        times += 1;
        // The first request is never answered, as on a connection that is dead.
        if (operation === 'GetItem' && times === 1) await new Promise(() => undefined);
      },
    });
    expect(await process().state()).toEqual(untouched);
    expect(front.sent()).toEqual({ GetItem: 2 });
  });
});
