import { expect, test } from 'vitest';
import type { Task } from '../../functions/gateway/tasks.ts';
import { localTasks } from '../fakes/local-tasks.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingLog } from '../support/recording-log.ts';

const replay = (until: number): Task => ({ kind: 'replay', until });

/** The tasks of a gateway whose replays last until they are let go. */
function gatedReplays() {
  const begun: Task[] = [];
  const gates: ((error?: Error) => void)[] = [];
  const log = new RecordingLog();
  const run = (task: Task): Promise<void> => {
    begun.push(task);
    return new Promise((resolve, reject) => {
      gates.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  };
  const end = async (error?: Error): Promise<void> => {
    gates.shift()?.(error);
    await new Promise(setImmediate);
  };
  return { tasks: localTasks(run, log), begun, log, end };
}

test('of a thousand replays that are asked for while one runs, one follows, up to the last letter', async () => {
  const { tasks, begun, end } = gatedReplays();
  await tasks.enqueue(replay(1));
  for (let until = 2; until <= 1_000; until++) await tasks.enqueue(replay(until));
  await tasks.enqueue(replay(500));
  expect(begun, 'while the first runs').toEqual([replay(1)]);
  await end();
  expect(begun, 'when it is done').toEqual([replay(1), replay(1_000)]);
  await end();
  expect(begun, 'when both are done').toHaveLength(2);
});

test('a replay that is asked for when all are done begins at once, also after one that failed', async () => {
  const { tasks, begun, log, end } = gatedReplays();
  await tasks.enqueue(replay(1));
  await tasks.enqueue(replay(2));
  await end(new Error('on purpose'));
  await eventually('the second begins', () => begun.length === 2);
  await end(new Error('on purpose'));
  await tasks.enqueue(replay(3));
  expect(begun).toEqual([replay(1), replay(2), replay(3)]);
  expect(log.of('fault')).toHaveLength(2);
});
