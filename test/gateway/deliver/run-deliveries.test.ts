import { describe, expect, test } from 'vitest';
import { NotPosted } from '../../../functions/gateway/deliver/not-posted.ts';
import { runDeliveries } from '../../../functions/gateway/deliver/run-deliveries.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import type { DeliveriesTask } from '../../../functions/gateway/tasks.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { deployedWorld } from '../../fakes/deployed-world.ts';
import type { FakeWorld } from '../../fakes/fake-gateway.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const throttled = { kind: 'throttled' } as const;

function aTask(given: Partial<DeliveriesTask>): DeliveriesTask {
  return {
    ...{ kind: 'deliveries', socket: newSocket(), hook: 'message_1', send: [], broadcast: [], close: false },
    ...given,
  };
}

const sendTo = (body: string, ...records: readonly SocketRecord[]) => ({
  ...{ body, malformed: [], sockets: records.map(({ socket }) => socket) },
});

async function crowd({ admit }: FakeWorld, count: number): Promise<SocketRecord[]> {
  const records: SocketRecord[] = [];
  for (let at = 0; at < count; at++) records.push(await admit());
  return records;
}

/** Does the tasks that are left over, one after another, until none is; how many runs that took. */
async function runAll(
  { tasks, clock }: FakeWorld,
  run: (task: DeliveriesTask) => Promise<void>,
): Promise<number> {
  let runs = 0;
  for (tasks.ripen(); tasks.queued.length > 0; tasks.ripen()) {
    const task = tasks.queued.shift();
    if (task?.kind !== 'deliveries') continue;
    runs += 1;
    await clock.until(run(task));
  }
  return runs;
}

describe('a socket that is throttled for good', () => {
  test('keeps no other from its messages, and what is for it is queued anew, in its order', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks } = world;
    const records = await crowd(world, 5);
    const [stuck, other] = records;
    if (!stuck || !other) throw new Error('There is no socket.');
    connections.script(stuck.socket, () => throttled);
    const task = aTask({
      send: [sendTo('one', stuck, other), sendTo('two', stuck, other)],
      broadcast: [{ body: 'three', except: [] }],
    });
    const done = runDeliveries(gateway, task);
    await clock.advance(0);
    expect(connections.of(other.socket)).toEqual(['one', 'two', 'three']);
    await clock.until(done);
    const left = ['one', 'two', 'three'].map((body) => sendTo(body, stuck));
    expect(tasks.delayed).toEqual([{ ...task, send: left, broadcast: [], stuckRuns: 0 }]);
    expect(tasks.delayMs).toBe(5_000);
    connections.script(stuck.socket, () => ({ kind: 'posted' }));
    await runAll(world, (next) => runDeliveries(gateway, next));
    expect(connections.of(stuck.socket)).toEqual(['one', 'two', 'three']);
    expect(connections.of(other.socket)).toEqual(['one', 'two', 'three']);
  });

  test('is tried with growing pauses, up to 15 minutes, and in the end given up and counted', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks, log } = world;
    const [stuck] = await crowd(world, 1);
    if (!stuck) throw new Error('There is no socket.');
    connections.script(stuck.socket, () => throttled);
    const pauses: number[] = [];
    tasks.onQueue = () => void pauses.push(tasks.delayMs);
    await clock.until(runDeliveries(gateway, aTask({ send: [sendTo('hello', stuck)] })));
    while (tasks.delayed.length > 0) {
      pauses.push(tasks.delayMs);
      tasks.ripen();
      const task = tasks.queued.shift();
      if (task?.kind === 'deliveries') await clock.until(runDeliveries(gateway, task));
    }
    expect(pauses.filter((pause) => pause > 0)).toEqual(
      [10, 20, 40, 80, 160, 320, 640, 900, 900].map((seconds) => seconds * 1_000),
    );
    expect(log.of('action_failed')).toMatchObject([
      { level: 'error', fields: { request: 'message_1', code: 'given_up', sockets: 1 } },
    ]);
  });

  test('is closed after what is for it, and does not hold up the end of another', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks, registry } = world;
    const [stuck, own] = await crowd(world, 2);
    if (!stuck || !own) throw new Error('There is no socket.');
    connections.script(stuck.socket, () => throttled);
    await clock.until(
      runDeliveries(gateway, aTask({ socket: own.socket, send: [sendTo('x', stuck)], close: true })),
    );
    expect((await registry.get(own.socket))?.status).toBe('closing');
    expect(tasks.delayed).toMatchObject([{ close: false }]);
    tasks.delayed.splice(0);
    const ends = aTask({ socket: stuck.socket, send: [sendTo('x', stuck)], close: true });
    await clock.until(runDeliveries(gateway, ends));
    expect((await registry.get(stuck.socket))?.status).toBe('open');
    expect(tasks.delayed).toMatchObject([{ close: true }]);
    connections.script(stuck.socket, () => ({ kind: 'posted' }));
    await runAll(world, (next) => runDeliveries(gateway, next));
    expect(connections.of(stuck.socket)).toEqual(['x']);
    expect((await registry.get(stuck.socket))?.status).toBe('closing');
  });
});

describe('an end that the app asked for', () => {
  test('comes in spite of messages before it that are given up', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks, registry, log } = world;
    const [stuck] = await crowd(world, 1);
    if (!stuck) throw new Error('There is no socket.');
    connections.script(stuck.socket, () => throttled);
    const task = aTask({ socket: stuck.socket, send: [sendTo('x', stuck)], close: true });
    await clock.until(runDeliveries(gateway, task));
    await runAll(world, (next) => runDeliveries(gateway, next));
    expect(log.of('action_failed')).toMatchObject([{ fields: { code: 'given_up' } }]);
    expect((await registry.get(stuck.socket))?.status).toBe('closing');
    expect(tasks.delayed).toEqual([]);
  });

  test('is queued anew if it fails, and nothing else of its task', async () => {
    let isAway = true;
    const world = deployedWorld(
      {},
      (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (call === 'markEnded' && isAway) throw new Error('the table is away');
        }),
    );
    const { gateway, connections, clock, tasks, registry } = world;
    const [own, other] = await crowd(world, 2);
    if (!own || !other) throw new Error('There is no socket.');
    const task = aTask({ socket: own.socket, send: [sendTo('x', other)], close: true });
    await clock.until(runDeliveries(gateway, task));
    expect(tasks.delayed).toEqual([{ ...task, send: [], stuckRuns: 0 }]);
    isAway = false;
    await runAll(world, (next) => runDeliveries(gateway, next));
    expect(connections.of(other.socket)).toEqual(['x']);
    expect((await registry.get(own.socket))?.status).toBe('closing');
  });

  test('is another run’s if the time of this one is over', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks, registry } = world;
    const [own, other] = await crowd(world, 2);
    if (!own || !other) throw new Error('There is no socket.');
    const deadline = clock.monotonic() + 1_000;
    connections.script(other.socket, async () => {
      clock.skipTo(clock.now() + 1_000);
      return { kind: 'posted' };
    });
    const task = aTask({ socket: own.socket, send: [sendTo('x', other)], close: true });
    await clock.until(runDeliveries({ ...gateway, deadline }, task));
    expect((await registry.get(own.socket))?.status).toBe('open');
    expect(tasks.delayed).toEqual([{ ...task, send: [], stuckRuns: 0 }]);
    await runAll(world, (next) => runDeliveries(gateway, next));
    expect((await registry.get(own.socket))?.status).toBe('closing');
  });

  test('that fails for good is given up, and counted', async () => {
    const world = deployedWorld(
      {},
      (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (call === 'markEnded') throw new Error('the table is away');
        }),
    );
    const { gateway, clock, log } = world;
    const [own] = await crowd(world, 1);
    if (!own) throw new Error('There is no socket.');
    await clock.until(runDeliveries(gateway, aTask({ socket: own.socket, close: true })));
    expect(await runAll(world, (next) => runDeliveries(gateway, next))).toBe(9);
    expect(log.of('action_failed')).toMatchObject([
      { level: 'error', fields: { request: 'message_1', action: 'close', code: 'given_up' } },
    ]);
  });
});

describe('a task that outlives its run', () => {
  test('goes on where it stood, again and again, and nobody gets anything twice', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, registry } = world;
    const records = await crowd(world, 40);
    for (const { socket } of records)
      connections.script(socket, async () => {
        clock.skipTo(clock.now() + 100);
        return { kind: 'posted' };
      });
    const paged = new WatchedRegistry(registry, () => {});
    paged.pages = async function* (_filter, from = '0') {
      for (let at = Number(from); at < records.length; at += 16)
        yield { records: records.slice(at, at + 16), next: String(at + 16) };
    };
    const task = aTask({
      send: [sendTo('sent', ...records.slice(0, 12))],
      broadcast: [
        { body: 'first', except: [] },
        { body: 'second', except: [records[3]?.socket as SocketId] },
      ],
    });
    const run = (next: DeliveriesTask) =>
      runDeliveries({ ...gateway, registry: paged, deadline: clock.monotonic() + 1_000 }, next);
    await clock.until(run(task));
    expect(await runAll(world, run)).toBeGreaterThan(5);
    for (const [at, { socket }] of records.entries()) {
      const due = [...(at < 12 ? ['sent'] : []), 'first', ...(at === 3 ? [] : ['second'])];
      expect([at, connections.of(socket)]).toEqual([at, due]);
    }
  });

  test('begins nothing when it has no time at all, and is all left', async () => {
    const world = deployedWorld();
    const { gateway, clock, tasks, connections } = world;
    const records = await crowd(world, 3);
    const task = aTask({ send: [sendTo('x', ...records)], close: true });
    await clock.until(runDeliveries({ ...gateway, deadline: clock.monotonic() }, task));
    expect(connections.arrived).toEqual([]);
    expect(tasks.delayed).toEqual([{ ...task, stuckRuns: 1 }]);
  });

  test('waits for no lookup beyond the end of its run, and goes on before it', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, registry, tasks } = world;
    const records = await crowd(world, 2);
    const silent = new WatchedRegistry(registry, () => {});
    silent.pages = async function* () {
      yield { records: records.slice(0, 1), next: 'behind the first' };
      await clock.sleep(8_000);
      throw new Error('the table is silent');
    };
    const begun = clock.monotonic();
    const task = aTask({ broadcast: [{ body: 'x', except: [] }], close: true });
    await clock.until(runDeliveries({ ...gateway, registry: silent, deadline: begun + 1_000 }, task));
    expect(clock.monotonic() - begun).toBeLessThan(1_100);
    expect(connections.arrived).toHaveLength(1);
    const [{ body = '', except = [] } = {}] = task.broadcast;
    expect(tasks.delayed).toEqual([
      { ...task, broadcast: [{ body, except, from: 'behind the first' }], stuckRuns: 0 },
    ]);
  });
});

describe('a task whose sockets can’t be looked up', () => {
  const broken = (of: (socket: SocketId | undefined) => boolean) =>
    deployedWorld(
      {},
      (memory) =>
        new WatchedRegistry(memory, (call, socket) => {
          if ((call === 'get' || call === 'pages') && of(socket)) throw new Error('the table is away');
        }),
    );

  test('is not done: it comes again as it is', async () => {
    const world = broken(() => true);
    const { gateway, tasks, clock } = world;
    const records = await crowd(world, 2);
    for (const task of [
      aTask({ broadcast: [{ body: 'x', except: [] }] }),
      aTask({ send: [sendTo('x', ...records)] }),
    ])
      await expect(clock.until(runDeliveries(gateway, task))).rejects.toThrow();
    expect(tasks.delayed).toEqual([]);
  });

  test('is done as far as it could be, and the rest is queued anew', async () => {
    let missing: SocketId | undefined;
    const world = broken((socket) => socket === undefined || socket === missing);
    const { gateway, tasks, clock, connections } = world;
    const [one, two] = await crowd(world, 2);
    if (!one || !two) throw new Error('There is no socket.');
    missing = two.socket;
    const task = aTask({ send: [sendTo('x', one, two)], broadcast: [{ body: 'y', except: [] }] });
    await clock.until(runDeliveries(gateway, task));
    expect(connections.arrived).toEqual([{ socket: one.socket, body: 'x' }]);
    expect(tasks.delayed).toEqual([
      {
        ...task,
        send: [sendTo('x', two)],
        broadcast: [{ body: 'y', except: [], from: undefined }],
        stuckRuns: 0,
      },
    ]);
  });

  test('that can’t be queued anew either is not done', async () => {
    const world = deployedWorld();
    const { gateway, tasks, clock, connections } = world;
    const [stuck] = await crowd(world, 1);
    if (!stuck) throw new Error('There is no socket.');
    connections.script(stuck.socket, () => throttled);
    tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    await expect(clock.until(runDeliveries(gateway, aTask({ send: [sendTo('x', stuck)] })))).rejects.toThrow(
      'away',
    );
  });
});

describe('a task whose posts can’t leave', () => {
  const refused = (): never => {
    throw new NotPosted('ECONNREFUSED');
  };

  test('is not done if none left: it comes again as it is', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks } = world;
    const records = await crowd(world, 2);
    for (const { socket } of records) connections.script(socket, refused);
    for (const task of [
      aTask({ broadcast: [{ body: 'x', except: [] }] }),
      aTask({ send: [sendTo('x', ...records)] }),
    ])
      await expect(clock.until(runDeliveries(gateway, task))).rejects.toThrow();
    expect(tasks.delayed).toEqual([]);
  });

  test('has those that did not leave queued anew, in their order', async () => {
    const world = deployedWorld();
    const { gateway, connections, clock, tasks } = world;
    const [one, two] = await crowd(world, 2);
    if (!one || !two) throw new Error('There is no socket.');
    connections.script(two.socket, refused);
    const task = aTask({ send: [sendTo('x', one, two), sendTo('y', one, two)] });
    await clock.until(runDeliveries(gateway, task));
    expect(tasks.delayed).toEqual([{ ...task, send: [sendTo('x', two), sendTo('y', two)], stuckRuns: 0 }]);
    connections.script(two.socket, () => ({ kind: 'posted' }));
    await runAll(world, (next) => runDeliveries(gateway, next));
    for (const { socket } of [one, two]) expect(connections.of(socket)).toEqual(['x', 'y']);
  });
});

test('throttling of everybody slows a broadcast down, and all get their message', async () => {
  const world = deployedWorld();
  const { gateway, connections, clock } = world;
  const records = await crowd(world, 1_000);
  const open = clock.now() + 2_000;
  for (const { socket } of records)
    connections.script(socket, () => (clock.now() < open ? throttled : { kind: 'posted' }));
  await clock.until(runDeliveries(gateway, aTask({ broadcast: [{ body: 'x', except: [] }] })));
  const tries = records.reduce((sum, { socket }) => sum + connections.attempts(socket), 0);
  expect(connections.arrived).toHaveLength(1_000);
  // Each once more than it is posted at most, or so: without pauses it would be seven times.
  expect(tries).toBeLessThan(3_000);
});
