import { describe, expect, test } from 'vitest';
import type { SocketTask } from '../../functions/gateway/tasks.ts';
import { messageWeight } from '../../functions/local/backlog.ts';
import { SocketQueues } from '../../functions/local/socket-queues.ts';
import { newSocket } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { watchedSocketQueue } from '../fakes/watched-socket-queue.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingLog } from '../support/recording-log.ts';

/** A job that ends when it is told to. */
function gate(): { job: () => Promise<void>; open: () => void } {
  let open = (): void => {};
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { job: () => held, open: () => open() };
}

/** Lets everything run that waits for nothing. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the queue of a socket', () => {
  test('is held until it is released, then does what came, in order', async () => {
    const { queue, told } = watchedSocketQueue();
    for (const name of ['a', 'b', 'c']) queue.push(async () => void told.push(name));
    await turn();
    expect(told).toEqual([]);
    expect(queue.isIdle).toBe(false);
    queue.release();
    await turn();
    expect(told).toEqual(['a', 'b', 'c', 'idle']);
    expect(queue.isIdle).toBe(true);
  });

  test('does one job at a time', async () => {
    const { queue, told } = watchedSocketQueue();
    const { job, open } = gate();
    queue.release();
    queue.push(job);
    queue.push(async () => void told.push('after'));
    await turn();
    expect(told).toEqual(['idle']);
    expect(queue.isIdle).toBe(false);
    open();
    await turn();
    expect(told).toEqual(['idle', 'after', 'idle']);
  });

  test('goes on after a job that fails, and tells of the fault', async () => {
    const { queue, told } = watchedSocketQueue();
    queue.push(async () => {
      throw new Error('on purpose');
    });
    queue.push(async () => void told.push('after'));
    queue.release();
    await turn();
    expect(told).toEqual(['fault: Error: on purpose', 'after', 'idle']);
  });

  test('that nothing came to is idle once it is released', async () => {
    const { queue, told } = watchedSocketQueue();
    queue.release();
    await turn();
    expect(told).toEqual(['idle']);
    expect(queue.isIdle).toBe(true);
  });

  test('takes work again after it was idle, and from a job of its own', async () => {
    const { queue, told } = watchedSocketQueue();
    queue.release();
    queue.push(async () => queue.push(async () => void told.push('inner')));
    await turn();
    queue.push(async () => void told.push('later'));
    await turn();
    expect(told).toEqual(['idle', 'inner', 'idle', 'later', 'idle']);
  });
});

describe('socket queues', () => {
  const closed = (): SocketTask => ({ kind: 'closed', socket: newSocket() });

  test('hold the work of a socket that is opening, not that of others', async () => {
    const done: SocketTask[] = [];
    const queues = new SocketQueues(async (task) => void done.push(task), new RecordingLog());
    const [held, free] = [closed(), closed()];
    const queue = queues.open(held.socket);
    await queues.enqueue(held);
    await queues.enqueue(free);
    await turn();
    expect(done).toEqual([free]);
    queue.release();
    await turn();
    expect(done).toEqual([free, held]);
  });

  test('do what waits in the queue of a socket whose handshake failed', async () => {
    const done: SocketTask[] = [];
    const queues = new SocketQueues(async (task) => void done.push(task), new RecordingLog());
    const task = closed();
    queues.open(task.socket);
    await queues.enqueue(task);
    queues.end(task.socket);
    await queues.idle();
    expect(done).toEqual([task]);
  });

  test('are idle when the last of them is', async () => {
    const [one, two] = [gate(), gate()];
    const jobs = [one.job, two.job];
    const queues = new SocketQueues(async () => jobs.shift()?.(), new RecordingLog());
    let isIdle = false;
    await queues.idle();
    await queues.enqueue(closed());
    await queues.enqueue(closed());
    const idle = queues.idle().then(() => {
      isIdle = true;
    });
    one.open();
    await turn();
    expect(isIdle).toBe(false);
    two.open();
    await idle;
    expect(isIdle).toBe(true);
  });

  test('are not idle while a socket is opening', async () => {
    const queues = new SocketQueues(async () => {}, new RecordingLog());
    const socket = newSocket();
    queues.open(socket);
    let isIdle = false;
    void queues.idle().then(() => {
      isIdle = true;
    });
    await turn();
    expect(isIdle).toBe(false);
    queues.end(socket);
    await eventually('the queues are idle', () => isIdle);
  });

  test('log the fault of a job under the closed hook of its socket', async () => {
    const log = new RecordingLog();
    const queues = new SocketQueues(async () => {
      throw new Error('on purpose');
    }, log);
    const task = closed();
    await queues.enqueue(task);
    await queues.idle();
    expect(log.lines).toEqual([
      {
        level: 'error',
        event: 'fault',
        fields: { request: `closed_${task.socket}`, why: 'Error: on purpose' },
      },
    ]);
  });

  test('lose what one of them has, and nothing of the others, where that is enough', () => {
    const queues = new SocketQueues(async () => {}, new RecordingLog(), 5_000);
    const shed: string[] = [];
    const open = (name: string) => {
      const queue = queues.open(newSocket());
      queue.setConsumer({
        relay: async () => {},
        shrunk: () => {},
        failed: () => false,
        shed: () => void shed.push(name),
      });
      return queue;
    };
    open('light').receive('', 3_000 - messageWeight(0), 0);
    const heavy = open('heavy');
    heavy.receive('', 1_900 - messageWeight(0), 0);
    // Without what waits of it there is still too much; without what it holds there is not.
    heavy.addHeldBytes(2_500);
    expect(shed).toEqual(['heavy']);
  });

  test.for<[string, number, number]>([
    ['is kept if it fits', 10_000, 0],
    ['is lost if it is a byte too much', 10_001, 1],
  ])('shed what %s into the part that may wait for the store', async ([, waiting, lost]) => {
    const log = new RecordingLog();
    const kept: string[] = [];
    const keep = async ({ body }: { body: string }) => {
      kept.push(body);
      return 'kept' as const;
    };
    const hooks = { append: keep, prepend: keep, rested: () => {}, done: async () => {} };
    const queues = new SocketQueues(async () => {}, log, 80_000, hooks);
    const queue = queues.open(newSocket());
    queue.setConsumer({ relay: async () => {}, shrunk: () => {}, failed: () => false, shed: () => {} });
    queue.receive('waits', waiting - messageWeight(0), 0);
    queue.addHeldBytes(80_001 - waiting);
    await turn();
    expect(kept).toHaveLength(1 - lost);
    expect(log.of('client_shed')).toHaveLength(1);
    expect(log.of('messages_lost').map(({ fields }) => fields['count'])).toEqual(lost > 0 ? [lost] : []);
  });

  test.for<[number, string]>([
    [40_000, 'none'],
    [40_001, 'some'],
    [60_000, 'some'],
    [60_001, 'high'],
  ])('of 80,000 bytes with %i say that their pressure is %s', ([bytes, pressure]) => {
    const queues = new SocketQueues(async () => {}, new RecordingLog(), 80_000);
    queues.open(newSocket()).addHeldBytes(bytes);
    expect(queues.pressure).toBe(pressure);
  });

  test('warn of old messages, but not while hooks of their socket wait to be tried again', () => {
    const [clock, log] = [new ManualClock(), new RecordingLog()];
    const never = () => new Promise<'kept'>(() => {});
    const hooks = { append: never, prepend: never, rested: () => {}, done: async () => {} };
    const queues = new SocketQueues(async () => {}, log, 80_000_000, hooks);
    const [away, slow] = [queues.open(newSocket()), queues.open(newSocket())];
    queues.block(away.socket);
    // More than is stored at a time.
    for (let at = 0; at < 10; at++) away.receive('', 131_072, clock.now());
    expect(away.backlog.count).toBeGreaterThan(0);
    clock.skipTo(clock.now() + 60_000);
    slow.receive('', 1, clock.now() - 6_000);
    queues.warnOfOldBacklogs(clock);
    const line = { request: `closed_${slow.socket}`, age: 6, waiting: 1, sockets: 1 };
    expect(log.of('backlog_old').map(({ fields }) => fields)).toEqual([line]);
  });

  test('ending a queue that is not there is harmless', () => {
    new SocketQueues(async () => {}, new RecordingLog()).end(newSocket());
  });
});

test('a closed hook that waits for its turn is queued once, however often a sweep finds it, and again when it was tried', async () => {
  const waiting: (() => void)[] = [];
  let runs = 0;
  const run = () => {
    runs += 1;
    return new Promise<void>((resolve) => waiting.push(resolve));
  };
  const queues = new SocketQueues(run, new RecordingLog());
  const task: SocketTask = { kind: 'closed', socket: newSocket() };
  for (let sweep = 0; sweep < 30; sweep++) await queues.enqueue(task);
  waiting.shift()?.();
  await queues.idle();
  expect(runs, 'tries after 30 sweeps').toBe(1);
  await queues.enqueue(task);
  waiting.shift()?.();
  await queues.idle();
  expect(runs, 'tries after one more sweep').toBe(2);
});

test('a hook that waits to be tried again waits until the closed hook of its socket was answered', async () => {
  const socket = newSocket();
  const rested: string[] = [];
  const keep = async () => 'kept' as const;
  const keeper = {
    append: keep,
    prepend: keep,
    rested: (of: string) => void rested.push(of),
    done: async () => {},
  };
  const queues = new SocketQueues(async () => {}, new RecordingLog(), Number.POSITIVE_INFINITY, keeper);
  const { job: closedHook, open: answer } = gate();
  const queue = queues.open(socket);
  queue.push(closedHook);
  queue.release();
  await turn();
  expect([queues.isResting(socket), rested], 'while it is posted').toEqual([false, []]);
  answer();
  await turn();
  expect([queues.isResting(socket), rested], 'when it was answered').toEqual([true, [socket]]);
});
