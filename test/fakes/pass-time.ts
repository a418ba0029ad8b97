import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import { type FakeWorld, fakeGateway, type Given } from './fake-gateway.ts';
import { TimedTaskQueue } from './timed-task-queue.ts';

/** A world of fakes in which a task is run when it is due. */
export interface TimedWorld extends Omit<FakeWorld, 'tasks'> {
  readonly tasks: TimedTaskQueue;
  /** Lets this many milliseconds pass, and runs each task when it is due. */
  pass(ms: number): Promise<void>;
}

/** Makes one. */
export function timedGateway(given: Given = {}): TimedWorld {
  const world = fakeGateway(given);
  const { clock } = world;
  const tasks = new TimedTaskQueue(clock);
  const gateway: Gateway = { ...world.gateway, tasks };
  const pass = async (ms: number): Promise<void> => {
    const until = clock.now() + ms;
    for (let due = tasks.nextDue; due <= until; due = tasks.nextDue) {
      clock.skipTo(due);
      for (const task of tasks.take()) await clock.until(runTask(gateway, task));
    }
    clock.skipTo(until);
  };
  return { ...world, gateway, tasks, pass };
}

/** When the app got each hook, in milliseconds since 1970. It is away, or answers by the function, until a moment. */
export function awayUntil(
  { app, clock }: Pick<FakeWorld, 'app' | 'clock'>,
  moment: number,
  answer: () => ReturnType<FakeWorld['app']['answers']['at']> = () => undefined,
): { readonly tries: number[]; readonly accepted: string[] } {
  const seen = { tries: [] as number[], accepted: [] as string[] };
  const { post } = app;
  app.post = async (request) => {
    seen.tries.push(clock.now());
    if (clock.now() < moment) return answer() ?? { kind: 'unreachable', why: 'ECONNREFUSED' };
    seen.accepted.push(request.headers['webhook-id'] ?? '');
    return post.call(app, request);
  };
  return seen;
}
