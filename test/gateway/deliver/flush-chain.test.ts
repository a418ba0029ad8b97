import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import type { Posted } from '../../../functions/gateway/ports.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { deployedWorld } from '../../fakes/deployed-world.ts';
import { TimedTaskQueue } from '../../fakes/timed-task-queue.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const minute = 60_000;
/** How long the function of the queue may run, as the stack has it, less what is kept of that. */
const runMs = 55_000;

/** How posts fail: as API Gateway refuses too many, and as it does when it is away. */
const failures: Record<string, () => Posted> = {
  'are throttled': () => ({ kind: 'throttled' }),
  'meet a fault': () => {
    throw new Error('the network is down');
  },
};

/** A socket for which two messages wait, whose posts fail like this until they are allowed. */
async function failing(fail: () => Posted) {
  const world = deployedWorld({ settings: { probeMinutes: 0 } });
  const { clock, connections, registry } = world;
  const tasks = new TimedTaskQueue(clock);
  const calls: Record<string, number> = {};
  const watched = new WatchedRegistry(registry, (call) => {
    calls[call] = (calls[call] ?? 0) + 1;
  });
  const gateway = { ...world.gateway, tasks, registry: watched };
  const { socket } = await world.admit({ status: 'accepted', openedAt: clock.now() });
  for (const body of ['a', 'b']) await registry.append(socket, body);
  let isDown = true;
  connections.script(socket, () => (isDown ? fail() : { kind: 'posted' }));
  const allow = (): void => {
    isDown = false;
  };
  await tasks.enqueue({ kind: 'flush', socket });
  return { world, gateway, tasks, calls, socket, allow };
}

/** Lets so many milliseconds pass: each task is begun when it is due, side by side, and each minute has its sweep. */
async function pass({ world, gateway, tasks }: Awaited<ReturnType<typeof failing>>, ms: number) {
  const { clock } = world;
  const until = clock.now() + ms;
  const running = new Set<Promise<void>>();
  let max = 0;
  const begin = (work: Promise<void>): void => {
    const run = work.finally(() => running.delete(run));
    running.add(run);
  };
  while (clock.now() < until) {
    if (clock.now() % minute === 0) begin(sweep(gateway, clock.now() / minute));
    for (const task of tasks.take())
      begin(runTask({ ...gateway, deadline: clock.monotonic() + runMs }, task));
    await clock.advance(1_000);
    max = Math.max(max, tasks.size + running.size);
  }
  await clock.until(Promise.all(running));
  return { max };
}

describe.for(Object.entries(failures))('a flush whose posts %s', ([, fail]) => {
  test('for an hour stays one, costs little, and brings everything in order when they succeed', async () => {
    const chain = await failing(fail);
    const { world, gateway, socket, calls } = chain;
    const { max } = await pass(chain, 60 * minute);
    expect(max).toBe(1);
    expect(chain.tasks.size).toBe(1);
    // 1, 2, 4 and so on to 64 seconds, then 90 each time.
    expect(calls['lease']).toBeLessThan(50);
    expect(calls['lease']).toBeGreaterThan(30);
    expect(calls['postpone']).toBeLessThan(50);
    expect(world.log.of('swept')).toEqual([]);
    expect(await deliver(gateway, socket, 'c')).toBe('queued');
    chain.allow();
    await pass(chain, 2 * minute);
    expect(world.connections.of(socket)).toEqual(['a', 'b', 'c']);
    expect(await world.registry.get(socket)).toMatchObject({ status: 'open', leaseUntil: 0 });
    expect(chain.tasks.size).toBe(0);
  });

  test('is one again soon after its task has come several times', async () => {
    const chain = await failing(fail);
    for (let copy = 0; copy < 4; copy++) await chain.tasks.enqueue({ kind: 'flush', socket: chain.socket });
    await pass(chain, minute);
    const { max } = await pass(chain, 10 * minute);
    expect(max).toBe(1);
    chain.allow();
    await pass(chain, 2 * minute);
    expect(chain.world.connections.of(chain.socket)).toEqual(['a', 'b']);
  });

  test('is taken up by a sweep when its task was lost in a pause', async () => {
    const chain = await failing(fail);
    await pass(chain, 10 * minute);
    while (chain.tasks.size > 0) {
      await chain.world.clock.advance(1_000);
      chain.tasks.take();
    }
    chain.allow();
    await pass(chain, 5 * minute);
    expect(chain.world.connections.of(chain.socket)).toEqual(['a', 'b']);
    expect(chain.world.log.of('swept')).toMatchObject([{ fields: { repair: 'flush' } }]);
  });
});
