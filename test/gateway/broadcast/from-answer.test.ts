import { describe, expect, test } from 'vitest';
import { runDeliveries } from '../../../functions/gateway/deliver/run-deliveries.ts';
import type { DeliveriesTask } from '../../../functions/gateway/tasks.ts';
import { MemoryBroadcasts } from '../../../functions/local/memory-broadcasts.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { arrivals, kindsOf, runBroadcasts } from '../../fakes/run-broadcast.ts';

/** A world of 600 sockets, and the task of an answer that broadcasts to all. */
async function answered(change: Partial<DeliveriesTask> = {}): Promise<[FakeWorld, DeliveriesTask]> {
  const world = fakeGateway();
  const { socket } = await world.admit();
  for (let at = 0; at < 599; at++) await world.admit();
  const broadcast = [{ body: 'hello', except: [], at: 0 }];
  return [
    world,
    { kind: 'deliveries', socket, hook: 'message_1', send: [], broadcast, close: false, ...change },
  ];
}

describe('the broadcast of an answer to more sockets than fit into a call', () => {
  test('is handed over, and reaches each once, also if the task is done twice', async () => {
    const [world, task] = await answered();
    await runDeliveries(world.gateway, task);
    expect(kindsOf(world.tasks.queued)).toEqual(['segment']);
    await runDeliveries(world.gateway, task);
    await runBroadcasts(world);
    expect(arrivals(world).size).toBe(600);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('reaches its own socket before that is closed, and once', async () => {
    const [world, task] = await answered({ close: true });
    await runDeliveries(world.gateway, task);
    expect(world.connections.of(task.socket), 'before the workers run').toEqual(['hello']);
    expect(world.connections.ended).toContain(task.socket);
    world.connections.script(task.socket, () => ({ kind: 'gone' }));
    await runBroadcasts(world);
    expect(arrivals(world).size).toBe(600);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('is handed over in a later run if that fails, and the sends before it are not repeated', async () => {
    const [world, task] = await answered({ close: true });
    const other = await world.admit();
    class Failing extends MemoryBroadcasts {
      override create(): Promise<never> {
        return Promise.reject(new Error('the table is away'));
      }
    }
    const failing = { ...world.gateway, broadcasts: new Failing(world.clock) };
    const send = [{ sockets: [other.socket], malformed: [], body: 'before' }];
    await runDeliveries(failing, { ...task, send });
    expect(world.connections.of(other.socket)).toEqual(['before']);
    expect(world.connections.ended, 'not closed yet').toEqual([]);
    await runBroadcasts(world);
    expect(world.connections.of(other.socket)).toEqual(['before', 'hello']);
    expect(world.connections.of(task.socket)).toEqual(['hello']);
    expect(world.connections.ended).toContain(task.socket);
  });

  test('does not reach its own socket, which is closed, if that is left out', async () => {
    const [world, task] = await answered({ close: true });
    const broadcast = [{ body: 'hello', except: [task.socket], at: 0 }];
    await runDeliveries(world.gateway, { ...task, broadcast });
    await runBroadcasts(world);
    expect(world.connections.of(task.socket)).toEqual([]);
    expect(world.connections.ended).toContain(task.socket);
    expect(arrivals(world).size).toBe(599);
  });

  test('is not lost for its own socket if that is throttled, which is closed later', async () => {
    const [world, task] = await answered({ close: true });
    let isThrottled = true;
    world.connections.script(task.socket, () => ({ kind: isThrottled ? 'throttled' : 'posted' }));
    await world.clock.until(runDeliveries(world.gateway, task));
    expect(world.connections.ended, 'not closed yet').toEqual([]);
    isThrottled = false;
    await runBroadcasts(world);
    expect(world.connections.of(task.socket)).toEqual(['hello']);
    expect(world.connections.ended).toContain(task.socket);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('is left to the next run if there is no time to give it to a socket that is closed', async () => {
    const [world, task] = await answered({ close: true });
    const { registry, clock } = world.gateway;
    let deadline = Number.POSITIVE_INFINITY;
    const get: typeof registry.get = (socket) => {
      deadline = clock.monotonic();
      return registry.get(socket);
    };
    const slow = Object.assign(Object.create(registry), { get, pages: registry.pages.bind(registry) });
    const hurried = Object.defineProperty({ ...world.gateway, registry: slow }, 'deadline', {
      get: () => deadline,
    });
    slow.segmentsOf = registry.segmentsOf.bind(registry);
    await world.clock.until(runDeliveries(hurried, { ...task }).catch(() => undefined));
    expect(world.connections.ended, 'not closed yet').toEqual([]);
    expect(kindsOf([...world.tasks.queued, ...world.tasks.delayed])).toEqual(['deliveries']);
    await runBroadcasts(world);
    expect(world.connections.of(task.socket)).toEqual(['hello']);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('is logged as a failed action if too many broadcasts are running', async () => {
    const [world, task] = await answered();
    const broadcasts = new MemoryBroadcasts(world.clock, { broadcasts: 0, bytes: 0 });
    await runDeliveries({ ...world.gateway, broadcasts }, task);
    const fields = { request: 'message_1', action: 'broadcast', code: 'too_many_broadcasts' };
    expect(world.log.of('action_failed')).toEqual([{ level: 'warn', event: 'action_failed', fields }]);
    expect(world.connections.arrived).toEqual([]);
  });
});
