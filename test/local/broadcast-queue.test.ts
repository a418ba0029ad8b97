import { describe, expect, test } from 'vitest';
import type { BatchTask } from '../../functions/gateway/tasks.ts';
import { BroadcastQueue } from '../../functions/local/broadcast-queue.ts';
import { broadcastIdOf } from '../../functions/wire/broadcast-id.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingLog } from '../support/recording-log.ts';

const segment = (source: string) =>
  ({ kind: 'segment', broadcast: broadcastIdOf(source), segment: 0 }) as const;

function batch(source: string, at: number): BatchTask {
  return { kind: 'batch', broadcast: broadcastIdOf(source), segment: 0, at, part: 0, sockets: [] };
}

/** A queue whose segments have `count` batches each, and what it did. */
function queueOf(count: number, post: (task: BatchTask) => Promise<void> = async () => {}) {
  const posted: BatchTask[] = [];
  let [waiting, most] = [0, 0];
  const log = new RecordingLog();
  const queue: BroadcastQueue = new BroadcastQueue(async (task) => {
    if (task.kind === 'batch') {
      waiting -= 1;
      await post(task);
      posted.push(task);
      return;
    }
    for (let at = 0; at < count; at++) {
      waiting += 1;
      most = Math.max(most, waiting);
      await queue.batches([{ ...batch('', at), broadcast: task.broadcast }]);
    }
  }, log);
  return { queue, posted, log, most: () => most };
}

describe('the queue of broadcasts', () => {
  test('posts all batches of one before the first of the next', async () => {
    const { queue, posted } = queueOf(50);
    queue.segment(segment('one'));
    queue.segment(segment('two'));
    await eventually('all batches', () => posted.length === 100);
    const [one, two] = [broadcastIdOf('one'), broadcastIdOf('two')];
    expect(posted.map(({ broadcast }) => broadcast)).toEqual([
      ...Array(50).fill(one),
      ...Array(50).fill(two),
    ]);
    expect(posted.slice(0, 50).map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });

  test('reads no further while two batches wait', async () => {
    const { queue, posted, most } = queueOf(500);
    queue.segment(segment('one'));
    await eventually('all batches', () => posted.length === 500);
    expect(most()).toBeLessThanOrEqual(3);
  });

  test('goes on after a task that fails, and logs it', async () => {
    const { queue, posted, log } = queueOf(3, async ({ at }) => {
      if (at === 0) throw new Error('on purpose');
    });
    queue.segment(segment('one'));
    await eventually('the others', () => posted.length === 2);
    const fields = { request: `broadcast_${broadcastIdOf('one')}`, why: 'Error: on purpose' };
    expect(log.of('fault')).toMatchObject([{ level: 'error', fields }]);
  });

  test('that is stopped counts what it drops, with what is in progress or paused, and hangs nowhere', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { queue, posted } = queueOf(30, () => held);
    queue.segment(segment('one'));
    queue.segment(segment('two'));
    await queue.batches([batch('three', 0)], 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    // One batch in progress and two that wait, the segment that is read, the segment that waits, and the paused batch.
    expect(queue.stop()).toBe(6);
    release();
    await queue.batches([batch('four', 0)]);
    await eventually('nothing is left but the paused one', () => queue.stop() === 1);
    expect(posted.length, 'the batch in progress').toBe(1);
  });
});
