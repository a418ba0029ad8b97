import { beforeEach, expect, test } from 'vitest';
import type { Task } from '../../functions/gateway/tasks.ts';
import { PacedClosed } from '../../functions/local/paced-closed.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { newSocket } from '../fakes/a-record.ts';

/** Until when the closed hook of each socket was postponed. What is done is not there any more. */
const postponed = new Map<SocketId, number>();
/** Ends each task that runs: `true` if the app has taken its hook. */
let running: ((isTaken: boolean) => void)[] = [];
let paced: PacedClosed;

beforeEach(() => {
  postponed.clear();
  running = [];
  const records = {
    get(socket: SocketId) {
      const found = postponed.get(socket);
      return found === undefined ? undefined : { leaseUntil: found };
    },
  };
  paced = new PacedClosed(records, async (task) => {
    const isTaken = await new Promise<boolean>((resolve) => running.push(resolve));
    if (isTaken && 'socket' in task) postponed.delete(task.socket);
  });
  paced.wake();
});

/** The closed hooks of this many sockets are due. */
async function closedHooks(count: number, until: number): Promise<void> {
  const tasks = Array.from({ length: count }, () => {
    const socket = newSocket();
    postponed.set(socket, until);
    return paced.run({ kind: 'closed', socket });
  });
  await Promise.all(tasks);
}

/** The app answers everything that runs. How many that was. */
async function answerAll(isTaken: boolean): Promise<number> {
  await turn();
  const now = running.splice(0);
  for (const end of now) end(isTaken);
  await turn();
  return now.length;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('the closed hooks of 10,000 sockets that an outage has ended begin 4 at a time, and never exceed 64', async () => {
  const all = closedHooks(10_000, 3);
  const counts: number[] = [];
  for (let left = 10_000; left > 0; left -= counts.at(-1) ?? 0) counts.push(await answerAll(true));
  await all;
  expect(counts.slice(0, 6)).toEqual([4, 8, 16, 32, 64, 64]);
  expect(Math.max(...counts)).toBe(64);
});

test('closed hooks that the app does not take hold up the others no longer than those that it takes', async () => {
  void closedHooks(100, 3);
  expect([await answerAll(false), await answerAll(false), await answerAll(false)]).toEqual([4, 8, 16]);
});

test('without an outage, 64 closed hooks that were postponed begin at a time', async () => {
  paced = new PacedClosed({ get: () => ({ leaseUntil: 1 }) }, async () => {
    await new Promise<boolean>((resolve) => running.push(resolve));
  });
  void closedHooks(100, 1);
  expect(await answerAll(true)).toBe(64);
});

test('the closed hooks of 10,000 sockets that a kill has ended are paced, each once', async () => {
  const sockets = Array.from({ length: 10_000 }, () => newSocket());
  for (const socket of sockets) paced.owe(socket);
  const all = Promise.all(sockets.map((socket) => paced.run({ kind: 'closed', socket })));
  const counts: number[] = [];
  for (let left = 10_000; left > 0; left -= counts.at(-1) ?? 0) counts.push(await answerAll(true));
  await all;
  expect(counts.slice(0, 6)).toEqual([4, 8, 16, 32, 64, 64]);
  expect(Math.max(...counts)).toBe(64);
  for (const socket of sockets.slice(0, 100)) void paced.run({ kind: 'closed', socket });
  expect(await answerAll(true), 'the next time').toBe(100);
});

test('closed hooks begin slowly again when the app is back once more', async () => {
  void closedHooks(1_000, 3);
  for (let round = 0; round < 5; round++) await answerAll(true);
  paced.wake();
  expect(await answerAll(false), 'what had begun before').toBe(64);
  expect(await answerAll(true), 'what begins then').toBe(4);
});

test('a closed hook on its first attempt, and any other task, waits for none that was postponed', async () => {
  void closedHooks(100, 3);
  void closedHooks(10, 0);
  const task: Task = { kind: 'flush', socket: newSocket() };
  void paced.run(task);
  expect(await answerAll(true)).toBe(4 + 10 + 1);
});

test('a gateway that stops waits for none that has not begun', async () => {
  const all = closedHooks(100, 3);
  paced.stop();
  expect(await answerAll(true), 'what had begun').toBe(4);
  await Promise.all([all, closedHooks(10, 3)]);
  expect(running, 'what began later').toEqual([]);
});
