import { describe, expect, test } from 'vitest';
import type { DeliveriesTask, Task, TaskQueue } from '../../../functions/gateway/tasks.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { eventually } from '../../support/eventually.ts';

/** Makes the port with what does the work. A fault of the work may make it be done again. */
export type MakeLater = (runTask: (task: Task) => Promise<void>) => Promise<TaskQueue>;

/** What an implementation can do. */
export interface LaterAbilities {
  /** Whether work on one socket is done in the order it was queued, one after another. */
  readonly keepsOrder: boolean;
}

/** Why a test of the order is left out. */
const noOrder = 'SQS promises no order, nor that one task ends before the next begins.';

/** Work that must not hold up its caller. */
export function taskQueueContract(
  name: string,
  make: MakeLater,
  { keepsOrder }: LaterAbilities = { keepsOrder: true },
): void {
  describe(`${name}: work for later`, () => {
    test('every kind of task comes as it was queued', async () => {
      const done: Task[] = [];
      const later = await make(async (task) => void done.push(task));
      const [socket, other] = [newSocket(), newSocket()];
      const tasks: Task[] = [
        { kind: 'flush', socket },
        {
          kind: 'deliveries',
          socket,
          hook: 'handshake_1',
          send: [{ sockets: [other], malformed: ['x y'], body: 'dr😀i' }],
          broadcast: [{ body: '', except: [socket] }],
          close: true,
        },
        { kind: 'closed', socket },
      ];
      for (const task of tasks) await later.enqueue(task);
      await eventually('three tasks', () => done.length === 3);
      expect(done).toHaveLength(3);
      expect(done).toEqual(expect.arrayContaining(tasks));
    });

    test('the work on one socket is done in order, one after another', async ({ skip }) => {
      skip(!keepsOrder, noOrder);
      const [begun, done]: [string[], string[]] = [[], []];
      const tasks = await make(async (task) => {
        expect(begun.length).toBe(done.length);
        begun.push(label(task));
        for (let turn = 0; turn < begun.length % 4; turn++) await new Promise(setImmediate);
        done.push(label(task));
      });
      const socket = newSocket();
      for (let at = 0; at < 20; at++) await tasks.enqueue(deliver(socket, `${at}`));
      await eventually('20 tasks', () => done.length === 20);
      expect(done).toEqual(Array.from({ length: 20 }, (_, at) => `${at}`));
    });

    test('work that hangs holds up no other socket, nor whoever queues', async () => {
      const { done, release } = await hanging();
      await eventually('20 free tasks', () => done.filter((one) => one === 'free').length === 20);
      expect(done).not.toContain('hangs');
      release();
      await eventually('the others', () => done.length === 22);
      expect(done).toEqual(expect.arrayContaining(['hangs', 'follows']));
    });

    test('work that hangs holds up what follows on its socket', async ({ skip }) => {
      skip(!keepsOrder, noOrder);
      const { done, release } = await hanging();
      await eventually('20 free tasks', () => done.length === 20);
      expect(new Set(done)).toEqual(new Set(['free']));
      release();
      await eventually('the others', () => done.length === 22);
      expect(done.slice(20)).toEqual(['hangs', 'follows']);
    });

    /** A task that hangs until it is released, one that follows it on its socket, and 20 on others; what is done. */
    const hanging = async () => {
      const done: string[] = [];
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const tasks = await make(async (task) => {
        if (label(task) === 'hangs') await held;
        done.push(label(task));
      });
      const stuck = newSocket();
      await tasks.enqueue(deliver(stuck, 'hangs'));
      await tasks.enqueue(deliver(stuck, 'follows'));
      for (let at = 0; at < 20; at++) await tasks.enqueue(deliver(newSocket(), 'free'));
      return { done, release };
    };

    test('work that fails does not stop what follows on its socket', async () => {
      const done: string[] = [];
      const tasks = await make(async (task) => {
        if (label(task) === 'fails') throw new Error('on purpose');
        done.push(label(task));
      });
      const socket = newSocket();
      await tasks.enqueue(deliver(socket, 'fails'));
      await tasks.enqueue(deliver(socket, 'follows'));
      await eventually('what follows', () => done.includes('follows'));
    });

    test('work may queue more work on its own socket without waiting for it', async () => {
      const done = await queuingMore();
      expect(done).toEqual(expect.arrayContaining(['first', 'second']));
    });

    test('work that more work was queued by ends before that begins', async ({ skip }) => {
      skip(!keepsOrder, noOrder);
      expect(await queuingMore()).toEqual(['first', 'second']);
    });

    /** What is done by a task that queues another on its own socket. */
    const queuingMore = async () => {
      const done: string[] = [];
      const socket = newSocket();
      const tasks = await make(async (task) => {
        if (label(task) === 'first') await tasks.enqueue(deliver(socket, 'second'));
        done.push(label(task));
      });
      await tasks.enqueue(deliver(socket, 'first'));
      await eventually('both', () => done.length === 2);
      return done;
    };

    test('work with a delay begins when that is over, and not before', async () => {
      const begun: number[] = [];
      const tasks = await make(async () => void begun.push(performance.now()));
      const queued = performance.now();
      await tasks.enqueue(deliver(newSocket(), 'later'), 1_000);
      await eventually('the task', () => begun.length === 1);
      // Timers keep whole milliseconds.
      expect((begun[0] ?? 0) - queued).toBeGreaterThanOrEqual(999);
    });

    test('a socket whose work is done gets more later', async () => {
      const done: string[] = [];
      const tasks = await make(async (task) => void done.push(label(task)));
      const socket = newSocket();
      for (const body of ['one', 'two', 'three']) {
        await tasks.enqueue(deliver(socket, body));
        await eventually(body, () => done.at(-1) === body);
      }
    });
  });
}

function deliver(socket: DeliveriesTask['socket'], label: string): Task {
  return { kind: 'deliveries', socket, hook: label, send: [], broadcast: [], close: false };
}

function label(task: Task): string {
  return task.kind === 'deliveries' ? task.hook : task.kind;
}
