import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PresenceTask } from '../../functions/gateway/tasks.ts';
import { PresenceQueue } from '../../functions/local/presence-queue.ts';
import { newSocket } from '../fakes/a-record.ts';
import { groupName } from '../fakes/group-names.ts';
import { RecordingLog } from '../support/recording-log.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function taskOf(user: string, after?: string): PresenceTask {
  return { kind: 'presence', group: groupName('lobby'), subject: `u:${user}`, socket: newSocket(), after };
}

/** A queue whose tasks run until they are let go. */
function begun() {
  const ran: PresenceTask[] = [];
  const gates: (() => void)[] = [];
  const log = new RecordingLog();
  const run = (task: PresenceTask): Promise<void> => {
    ran.push(task);
    return new Promise((resolve) => gates.push(resolve));
  };
  const open = async (count: number): Promise<void> => {
    for (const gate of gates.splice(0, count)) gate();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { queue: new PresenceQueue(run, log), ran, open, log };
}

test('of many looks at one user the earliest is run, once', async () => {
  const { queue, ran } = begun();
  const [late, early, later] = [taskOf('alice'), taskOf('alice'), taskOf('alice')];
  queue.enqueue(late, 5_000);
  queue.enqueue(early, 1_000);
  queue.enqueue(later, 3_000);
  await vi.advanceTimersByTimeAsync(999);
  expect(ran, 'before it is due').toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ran).toEqual([early]);
});

test('a task that goes on after a lease is another one', async () => {
  const { queue, ran } = begun();
  const successor = taskOf('alice', 'lease 1');
  queue.enqueue(taskOf('alice'), 1_000);
  queue.enqueue(successor, 30_000);
  await vi.advanceTimersByTimeAsync(30_001);
  expect(ran).toHaveLength(2);
  expect(ran[1]).toBe(successor);
});

test('64 tasks run at a time, and the others in their order as soon as one is done', async () => {
  const { queue, ran, open } = begun();
  for (let user = 0; user < 70; user++) queue.enqueue(taskOf(String(user)));
  await vi.advanceTimersByTimeAsync(1);
  expect(ran).toHaveLength(64);
  await open(2);
  expect(ran.slice(64).map(({ subject }) => subject)).toEqual(['u:64', 'u:65']);
});

test('hooks that fail again and again hold up no user who has just come', async () => {
  const { queue, ran, open } = begun();
  for (let user = 0; user < 70; user++) queue.enqueue(taskOf(String(user), 'lease 1'));
  await vi.advanceTimersByTimeAsync(1);
  expect(ran).toHaveLength(64);
  queue.enqueue(taskOf('alice'));
  await vi.advanceTimersByTimeAsync(1);
  expect(ran.slice(64).map(({ subject }) => subject)).toEqual(['u:alice']);
  await open(64);
  expect(ran, 'after the first of those').toHaveLength(71);
});

test('a user who comes and goes while all are busy waits with one task', async () => {
  const { queue, ran, open } = begun();
  for (let user = 0; user < 64; user++) queue.enqueue(taskOf(String(user)));
  await vi.advanceTimersByTimeAsync(1);
  for (let turn = 0; turn < 1_000; turn++) {
    queue.enqueue(taskOf('alice'));
    await vi.advanceTimersByTimeAsync(1);
  }
  await open(64);
  expect(ran.filter(({ subject }) => subject === 'u:alice')).toHaveLength(1);
});

test('a task that fails is logged, and runs again a minute later', async () => {
  const log = new RecordingLog();
  let runs = 0;
  const queue = new PresenceQueue(async () => {
    runs += 1;
    if (runs === 1) throw new Error('on purpose');
  }, log);
  queue.enqueue(taskOf('alice'));
  await vi.advanceTimersByTimeAsync(59_000);
  expect([runs, log.of('fault').length]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(runs).toBe(2);
});

test('stop waits for what runs, and runs nothing more', async () => {
  const { queue, ran, open } = begun();
  for (let user = 0; user < 66; user++) queue.enqueue(taskOf(String(user)));
  queue.enqueue(taskOf('late'), 1_000);
  await vi.advanceTimersByTimeAsync(1);
  let isStopped = false;
  const stopping = queue.stop().then(() => {
    isStopped = true;
  });
  queue.enqueue(taskOf('after the stop'));
  await open(63);
  expect(isStopped, 'while one runs').toBe(false);
  await open(1);
  await stopping;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ran).toHaveLength(64);
});

describe('when the app is back', () => {
  test('few tasks run at a time, and one more for each that is done', async () => {
    const { queue, ran, open } = begun();
    queue.wake();
    for (let user = 0; user < 200; user++) queue.enqueue(taskOf(String(user)));
    for (let user = 0; user < 20; user++) queue.enqueue(taskOf(String(user), 'lease 1'));
    await vi.advanceTimersByTimeAsync(1);
    expect(ran.map(({ after }) => after).sort(), 'of both kinds').toEqual([
      ...Array(4).fill('lease 1'),
      ...Array(4).fill(undefined),
    ]);
    await open(3);
    expect(ran, 'after three are done').toHaveLength(8 + 6);
    for (let turn = 0; turn < 7; turn++) await open(200);
    expect(ran).toHaveLength(220);
    for (let user = 0; user < 70; user++) queue.enqueue(taskOf(`late ${user}`));
    await vi.advanceTimersByTimeAsync(1);
    expect(ran, 'never more than 64').toHaveLength(220 + 64);
  });

  test('tasks that were begun before speed nothing up', async () => {
    const { queue, ran, open } = begun();
    for (let user = 0; user < 70; user++) queue.enqueue(taskOf(String(user)));
    await vi.advanceTimersByTimeAsync(1);
    queue.wake();
    await open(62);
    expect(ran, 'while two of those run').toHaveLength(64 + 2);
  });

  test('a look that waits for the end of a grace speeds nothing up', async () => {
    const ran: PresenceTask[] = [];
    const queue = new PresenceQueue((task) => {
      ran.push(task);
      if (task.waited !== undefined) return new Promise(() => {});
      queue.enqueue({ ...task, waited: 1 }, 1_000);
      return Promise.resolve();
    }, new RecordingLog());
    queue.wake();
    for (let user = 0; user < 40; user++) queue.enqueue(taskOf(String(user)));
    await vi.advanceTimersByTimeAsync(999);
    expect(ran, 'looks').toHaveLength(40);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ran.slice(40), 'that post').toHaveLength(4);
  });
});
