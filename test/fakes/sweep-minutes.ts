import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import { sweep } from '../../functions/gateway/sweep/sweep.ts';
import type { FakeTaskQueue } from './fake-task-queue.ts';
import type { ManualClock } from './manual-clock.ts';

/** What of a world the schedule moves. */
export interface Scheduled {
  readonly gateway: Gateway;
  readonly clock: ManualClock;
  readonly tasks: FakeTaskQueue;
}

/** Does what is queued, what is queued meanwhile, and once what was queued with a delay, when its time has come. */
export async function work({ gateway, clock, tasks }: Scheduled): Promise<void> {
  if (tasks.delayMs > 0) await clock.advance(tasks.delayMs);
  tasks.ripen();
  await clock.until(tasks.run((task) => runTask(gateway, task)));
}

/** Lets so many minutes pass, each with its sweep at its end and with what that left to be done. */
export async function sweepMinutes(world: Scheduled, minutes: number): Promise<void> {
  const { gateway, clock } = world;
  for (let minute = 0; minute < minutes; minute++) {
    await clock.advance(60_000 - (clock.now() % 60_000));
    await clock.until(sweep(gateway, clock.now() / 60_000));
    await work(world);
  }
}
