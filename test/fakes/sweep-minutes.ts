import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import { sweep } from '../../functions/gateway/sweep/sweep.ts';
import type { FakeTaskQueue } from './fake-task-queue.ts';
import type { ManualClock } from './manual-clock.ts';

/** The parts of a world that the schedule drives. */
export interface Scheduled {
  readonly gateway: Gateway;
  readonly clock: ManualClock;
  readonly tasks: FakeTaskQueue;
}

/** Waits until delayed tasks are due. Then runs all queued tasks, including those queued meanwhile. */
export async function work({ gateway, clock, tasks }: Scheduled): Promise<void> {
  if (tasks.delayMs > 0) await clock.advance(tasks.delayMs);
  tasks.ripen();
  await clock.until(tasks.run((task) => runTask(gateway, task)));
}

/** Lets this many minutes pass. At the end of each, runs a sweep and then the tasks that it queued. */
export async function sweepMinutes(world: Scheduled, minutes: number): Promise<void> {
  const { gateway, clock } = world;
  for (let minute = 0; minute < minutes; minute++) {
    await clock.advance(60_000 - (clock.now() % 60_000));
    await clock.until(sweep(gateway, clock.now() / 60_000));
    await work(world);
  }
}
