import { describe, expect, test } from 'vitest';
import type { Task } from '../../functions/gateway/ports.ts';
import { messageWeight } from '../../infra/local/backlog.ts';
import { Lanes } from '../../infra/local/lanes.ts';
import { newSocket } from '../fakes/a-record.ts';
import { watchedLane } from '../fakes/watched-lane.ts';
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

describe('a lane', () => {
  test('is held until it is released, then does what came, in order', async () => {
    const { lane, told } = watchedLane();
    for (const name of ['a', 'b', 'c']) lane.push(async () => void told.push(name));
    await turn();
    expect(told).toEqual([]);
    expect(lane.isIdle).toBe(false);
    lane.release();
    await turn();
    expect(told).toEqual(['a', 'b', 'c', 'idle']);
    expect(lane.isIdle).toBe(true);
  });

  test('does one job at a time', async () => {
    const { lane, told } = watchedLane();
    const { job, open } = gate();
    lane.release();
    lane.push(job);
    lane.push(async () => void told.push('after'));
    await turn();
    expect(told).toEqual(['idle']);
    expect(lane.isIdle).toBe(false);
    open();
    await turn();
    expect(told).toEqual(['idle', 'after', 'idle']);
  });

  test('goes on after a job that fails, and tells of the fault', async () => {
    const { lane, told } = watchedLane();
    lane.push(async () => {
      throw new Error('on purpose');
    });
    lane.push(async () => void told.push('after'));
    lane.release();
    await turn();
    expect(told).toEqual(['fault: Error: on purpose', 'after', 'idle']);
  });

  test('that nothing came to is idle once it is released', async () => {
    const { lane, told } = watchedLane();
    lane.release();
    await turn();
    expect(told).toEqual(['idle']);
    expect(lane.isIdle).toBe(true);
  });

  test('takes work again after it was idle, and from a job of its own', async () => {
    const { lane, told } = watchedLane();
    lane.release();
    lane.push(async () => lane.push(async () => void told.push('inner')));
    await turn();
    lane.push(async () => void told.push('later'));
    await turn();
    expect(told).toEqual(['idle', 'inner', 'idle', 'later', 'idle']);
  });
});

describe('lanes', () => {
  const closed = (): Task => ({ kind: 'closed', socket: newSocket() });

  test('hold the work of a socket that is opening, not that of others', async () => {
    const done: Task[] = [];
    const lanes = new Lanes(async (task) => void done.push(task), new RecordingLog());
    const [held, free] = [closed(), closed()];
    const lane = lanes.open(held.socket);
    await lanes.queue(held);
    await lanes.queue(free);
    await turn();
    expect(done).toEqual([free]);
    lane.release();
    await turn();
    expect(done).toEqual([free, held]);
  });

  test('do what waits in the lane of a socket whose handshake failed', async () => {
    const done: Task[] = [];
    const lanes = new Lanes(async (task) => void done.push(task), new RecordingLog());
    const task = closed();
    lanes.open(task.socket);
    await lanes.queue(task);
    lanes.end(task.socket);
    await lanes.idle();
    expect(done).toEqual([task]);
  });

  test('are idle when the last of them is', async () => {
    const [one, two] = [gate(), gate()];
    const jobs = [one.job, two.job];
    const lanes = new Lanes(async () => jobs.shift()?.(), new RecordingLog());
    let isIdle = false;
    await lanes.idle();
    await lanes.queue(closed());
    await lanes.queue(closed());
    const idle = lanes.idle().then(() => {
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
    const lanes = new Lanes(async () => {}, new RecordingLog());
    const socket = newSocket();
    lanes.open(socket);
    let isIdle = false;
    void lanes.idle().then(() => {
      isIdle = true;
    });
    await turn();
    expect(isIdle).toBe(false);
    lanes.end(socket);
    await eventually('the lanes are idle', () => isIdle);
  });

  test('log the fault of a job under the closed hook of its socket', async () => {
    const log = new RecordingLog();
    const lanes = new Lanes(async () => {
      throw new Error('on purpose');
    }, log);
    const task = closed();
    await lanes.queue(task);
    await lanes.idle();
    expect(log.lines).toEqual([
      {
        level: 'error',
        event: 'fault',
        fields: { request: `closed_${task.socket}`, why: 'Error: on purpose' },
      },
    ]);
  });

  test('lose what one of them has, and nothing of the others, where that is enough', () => {
    const lanes = new Lanes(async () => {}, new RecordingLog(), 5_000);
    const shed: string[] = [];
    const open = (name: string) => {
      const lane = lanes.open(newSocket());
      lane.own({ relay: async () => {}, shed: () => void shed.push(name) });
      return lane;
    };
    open('light').receive('', 3_000 - messageWeight(0), 0);
    const heavy = open('heavy');
    heavy.receive('', 1_900 - messageWeight(0), 0);
    // Without what waits of it there is still too much; without what it holds there is not.
    heavy.hold(2_500);
    expect(shed).toEqual(['heavy']);
  });

  test('ending a lane that is not there is harmless', () => {
    new Lanes(async () => {}, new RecordingLog()).end(newSocket());
  });
});
