import { describe, expect, test } from 'vitest';
import { handOver } from '../../../functions/gateway/deliver/hand-over.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { Task } from '../../../functions/gateway/tasks.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { aRecord } from '../../fakes/a-record.ts';
import { everySchedule, type Play } from '../../fakes/every-schedule.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { passedGateway } from '../../fakes/passed-gateway.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';
import { quiet, Turnstile } from '../../fakes/turnstile.ts';

const id = broadcastIdOf('call');
const timeout = 60_000;
const sockets = Array.from({ length: 3 }, () => aRecord({ status: 'open' }).socket);

/** A broadcast whose queue hands out each task several times. A task that fails comes again at the end. */
class Broadcasting implements Play {
  readonly world: FakeWorld;
  readonly #turnstile: Turnstile;
  readonly #failed: Task[] = [];
  readonly #copies: number;
  readonly #check: (world: FakeWorld) => Promise<void>;
  #tasks = 0;

  constructor(world: FakeWorld, copies: number, check: (world: FakeWorld) => Promise<void>) {
    this.world = world;
    this.#copies = copies;
    this.#check = check;
    this.#turnstile = new Turnstile(() => world.clock.now());
  }

  begin(actor: string, run: (gateway: Gateway) => Promise<unknown>): void {
    const passed = passedGateway(this.world.gateway, this.#turnstile.passOf(actor));
    void run({ ...passed, tasks: this.#tasksOf(passed.tasks) });
  }

  /** Begins every task that was queued, as often as the queue hands it out. */
  beginQueued(): void {
    for (const task of this.world.tasks.queued.splice(0)) {
      this.#tasks += 1;
      for (let copy = 1; copy <= this.#copies; copy++)
        this.begin(`${task.kind} ${'at' in task ? task.at : ''} copy ${copy} of ${this.#tasks}`, (gateway) =>
          runTask(gateway, task).catch(() => this.#failed.push(task)),
        );
    }
  }

  #tasksOf(tasks: Gateway['tasks']): Gateway['tasks'] {
    return {
      enqueue: async (task, delay) => {
        await tasks.enqueue(task, delay);
        this.beginQueued();
      },
      enqueueBatches: async (batches, delay) => {
        await tasks.enqueueBatches(batches, delay);
        this.beginQueued();
      },
    };
  }

  get choices(): readonly string[] {
    return this.#turnstile.waiting;
  }

  step(at: number): Promise<void> {
    return this.#turnstile.letThrough(at);
  }

  async state(): Promise<unknown> {
    await quiet();
    const { gateway, connections, registry } = this.world;
    const records = await Promise.all(sockets.map((socket) => registry.get(socket)));
    return [
      this.#turnstile.state,
      connections.arrived,
      await gateway.broadcasts.progress(id),
      this.#failed.length,
      records.map((record) => record?.status),
    ];
  }

  async end(): Promise<void> {
    this.world.tasks.queued.push(...this.#failed);
    await this.world.clock.advance(this.world.gateway.policy.leaseMs);
    await runBroadcasts(this.world);
    await this.#check(this.world);
  }
}

async function handedOver(
  count: number,
  copies: number,
  check: (world: FakeWorld) => Promise<void>,
): Promise<Broadcasting> {
  const world = fakeGateway({ policy: { batchSockets: 2 } });
  for (const socket of sockets.slice(0, count)) await world.admit({ socket } satisfies Partial<SocketRecord>);
  await handOver(world.gateway, 'call', { body: 'hello', except: [] });
  const play = new Broadcasting(world, copies, check);
  play.beginQueued();
  await quiet();
  return play;
}

describe('in whatever order the calls of a broadcast come', { timeout }, () => {
  test('each socket gets it once, when every task is handed out twice', async () => {
    const seen = await everySchedule(() =>
      handedOver(2, 2, async (world) => {
        expect([...arrivals(world).values()]).toEqual([1, 1]);
        const counts = { delivered: 2, queued: 0, gone: 0, failed: 0 };
        expect(await world.gateway.broadcasts.progress(id)).toEqual({ status: 'done', found: 2, ...counts });
      }),
    );
    expect(seen.schedules).toBeGreaterThan(1_000);
  });

  test('each socket gets it once, with two batches that are posted at the same time', async () => {
    const seen = await everySchedule(() =>
      handedOver(3, 1, async (world) => {
        expect([...arrivals(world).values()]).toEqual([1, 1, 1]);
        expect(await world.gateway.broadcasts.progress(id)).toMatchObject({ status: 'done', found: 3 });
      }),
    );
    expect(seen.schedules).toBeGreaterThan(50);
  });

  test('a cancellation ends it, and it counts just those that were posted to', async () => {
    const seen = await everySchedule(async () => {
      const play = await handedOver(3, 1, async (world) => {
        const progress = await world.gateway.broadcasts.progress(id);
        expect(progress?.status).not.toBe('running');
        expect(progress?.delivered).toBe(world.connections.arrived.length);
        expect([...arrivals(world).values()].filter((count) => count > 1)).toEqual([]);
      });
      play.begin('canceller', (gateway) => gateway.broadcasts.cancel(id));
      await quiet();
      return play;
    });
    expect(seen.schedules).toBeGreaterThan(500);
  });
});
