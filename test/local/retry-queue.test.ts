import { beforeEach, describe, expect, test } from 'vitest';
import { deadLetter, replayOf } from '../../functions/gateway/dead-letters.ts';
import { messageHook } from '../../functions/gateway/relay/hooks.ts';
import type { RetryTask } from '../../functions/gateway/tasks.ts';
import { HookStore } from '../../functions/local/hook-store.ts';
import { RetryQueue } from '../../functions/local/retry-queue.ts';
import type { StoredHook, WaitingArrival } from '../../functions/local/stored.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { aRecord, newSocket } from '../fakes/a-record.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingLog } from '../support/recording-log.ts';

/** What the queue has told and posted. Each post waits for its answer. */
class Work {
  readonly told: string[] = [];
  readonly posted: string[] = [];
  readonly answers: (() => void)[] = [];
  isBusy = false;
  isAway = false;
  /** How often it was asked whether it is. */
  asked = 0;

  async post(hook: StoredHook): Promise<void> {
    this.posted.push(hook.kind === 'retry' ? hook.hook.body : hook.body);
    await new Promise<void>((resolve) => this.answers.push(resolve));
  }

  isResting(): boolean {
    this.asked += 1;
    return !this.isBusy;
  }

  isAppAway(): boolean {
    return this.isAway;
  }

  blocked(): void {
    this.told.push('blocked');
  }

  cleared(): void {
    this.told.push('cleared');
  }
}

let [store, work, socket] = [new LastingStore(), new Work(), newSocket()];
let queue: RetryQueue;
beforeEach(() => {
  [store, work, socket] = [new LastingStore(), new Work(), newSocket()];
  queue = new RetryQueue(new HookStore(store), work, { now: Date.now }, new RecordingLog());
});

let made = 0;
function arrival(body: string, to: SocketId = socket): WaitingArrival {
  made += 1;
  return { kind: 'message', socket: to, id: `m${made}`, body, time: Date.now() };
}

function failed(body: string, dueAt = Date.now(), of: SocketId = socket): RetryTask {
  const hook = messageHook(aRecord({ socket: of }), arrival(body, of));
  const tries = { since: Date.now(), attempts: 1, errors: 0 };
  return { kind: 'retry', socket: of, hook, groupsVersion: 0, tries, dueAt };
}

async function answer(): Promise<void> {
  await eventually('a post', () => work.answers.length > 0);
  work.answers.shift()?.();
}

describe('hooks that wait', () => {
  test('are each posted once and in order, if a message comes while the one before it is removed', async () => {
    await queue.append(arrival('0'));
    await eventually('the first post', () => work.posted.length === 1);
    for (let at = 1; at <= 20; at++) {
      await eventually('a post', () => work.answers.length > 0);
      work.answers.shift()?.();
      // After the answer, and before the store has removed the hook.
      for (let turns = 0; turns < 10 && queue.has(socket); turns++) await Promise.resolve();
      expect(queue.has(socket), 'the moment that this is about').toBe(false);
      void queue.append(arrival(String(at)));
      await eventually('the next post', () => work.posted.length > at);
    }
    await answer();
    await eventually('nothing is left', () => !queue.has(socket));
    expect(work.posted).toEqual(Array.from({ length: 21 }, (_, at) => String(at)));
    expect(work.told.at(-1)).toBe('cleared');
    expect(store.records).toBe(0);
  });

  test('go on if the disk had room for the second of them only', async () => {
    store.isFull = true;
    const first = queue.append(arrival('first'));
    store.isFull = false;
    const second = queue.append(arrival('second'));
    expect([await first, await second]).toEqual(['full', 'kept']);
    await answer();
    await eventually('nothing is left', () => !queue.has(socket));
    expect(work.posted).toEqual(['second']);
    expect(work.told.at(-1)).toBe('cleared');
  });

  test('do not block their socket if the disk fails', async () => {
    store.fault = new Error('The disk failed.');
    await expect(queue.append(arrival('first'))).rejects.toThrow('The disk failed.');
    expect(work.told).toEqual(['blocked', 'cleared']);
  });

  test('of many sockets do not wait behind a few that hang', async () => {
    const others = Array.from({ length: 60 }, () => newSocket());
    for (const other of others) await queue.append(arrival('hangs', other));
    await queue.append(arrival('goes on'));
    await eventually('all are posted', () => work.posted.length === 61);
    expect(work.posted).toContain('goes on');
  });

  test('wait for a hook of their socket that is being posted, which comes first if it fails', async () => {
    work.isBusy = true;
    const letter = deadLetter(failed('replayed'), 'the app answered 400', Date.now());
    await queue.retry(replayOf(letter, Date.now()));
    await queue.append(arrival('behind'));
    await eventually('the replay is due', () => work.asked > 0);
    expect(work.posted, 'while the other is posted').toEqual([]);
    await queue.retry(failed('failed'));
    work.isBusy = false;
    queue.rested(socket);
    for (let at = 0; at < 3; at++) await answer();
    await eventually('nothing is left', () => !queue.has(socket));
    expect(work.posted).toEqual(['failed', 'replayed', 'behind']);
  });

  test('of different sockets do not wait for each other', async () => {
    const other = newSocket();
    await queue.append(arrival('one'));
    await queue.append(arrival('two'));
    await queue.append(arrival('other', other));
    await eventually('both first posts', () => work.posted.length === 2);
    expect(work.posted).toEqual(['one', 'other']);
    for (let at = 0; at < 3; at++) await answer();
    await eventually('nothing is left', () => !queue.has(socket) && !queue.has(other));
  });

  test('longer than any retry waits get another time at once: the clock was set back', async () => {
    const now = Date.now();
    queue = new RetryQueue(new HookStore(store), work, { now: () => now }, new RecordingLog());
    const twoDays = 48 * 3_600_000;
    await queue.retry(failed('in two days', now + twoDays));
    await queue.retry(failed('even later', now + twoDays + 1, newSocket()));
    await queue.retry(failed('now', now, newSocket()));
    await eventually('one that is due now', () => work.posted.includes('now'));
    expect(work.posted).toEqual(['even later', 'now']);
    queue.stop();
  });
});

/** A hook that was posted, and was held since the app is away. */
function heldHook(body: string, to: SocketId): RetryTask {
  const hook = messageHook(aRecord({ socket: to }), arrival(body, to));
  const since = Date.now();
  const tries = { since, attempts: 0, errors: 0 };
  return {
    kind: 'retry',
    socket: to,
    hook,
    groupsVersion: 0,
    tries,
    dueAt: since + 3_600_000,
    waiting: 'held',
  };
}

describe('hooks that are held while the app is away', () => {
  /** Their sockets. Each has a hook that is due in an hour, and a message behind it. */
  async function holdAll(count: number): Promise<SocketId[]> {
    work.isAway = true;
    const sockets = Array.from({ length: count }, () => newSocket());
    for (const [at, to] of sockets.entries()) {
      await queue.retry(heldHook(`${at} held`, to));
      await queue.append(arrival(`${at} behind`, to));
    }
    return sockets;
  }

  /** The app answers everything that it has got. How many hooks that was. */
  async function answerAll(): Promise<number> {
    await eventually('a post', () => work.answers.length > 0);
    // Everything that may be posted at the same time has been by then.
    for (let before = 0; before < work.answers.length; ) {
      before = work.answers.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const answers = work.answers.splice(0);
    for (const give of answers) give();
    return answers.length;
  }

  test('go on when it is back, few at a time at first, and in order for each socket', async () => {
    const sockets = await holdAll(100);
    expect(work.posted, 'while it is away').toEqual([]);
    work.isAway = false;
    queue.wake();
    const counts: number[] = [];
    for (let left = 200; left > 0; left -= counts.at(-1) ?? 0) counts.push(await answerAll());
    await eventually('nothing is left', () => !sockets.some((to) => queue.has(to)));
    expect(counts.slice(0, 3), 'hooks at a time').toEqual([4, 8, 16]);
    expect(Math.max(...counts), 'the most hooks at a time').toBeLessThanOrEqual(64);
    for (const at of sockets.keys()) {
      const own = work.posted.filter((body) => body.startsWith(`${at} `));
      expect(own, `hooks of socket ${at}`).toEqual([`${at} held`, `${at} behind`]);
    }
    expect(store.records).toBe(0);
  });

  test('are not written again when they are held again, and go on when the app is back', async () => {
    work.isAway = true;
    const task = heldHook('held', socket);
    await queue.retry({ ...task, dueAt: Date.now() });
    await eventually('it looks', () => work.posted.length === 1);
    store.fault = new Error('It was written.');
    expect(await queue.retry(task)).toBe('kept');
    store.fault = undefined;
    await answer();
    expect(queue.has(socket), 'whether it waits').toBe(true);
    work.isAway = false;
    queue.wake();
    await answer();
    await eventually('nothing is left', () => !queue.has(socket));
    expect(work.posted).toEqual(['held', 'held']);
  });

  test('go on when the app is back even if they have probed, and note the attempt', async () => {
    work.isAway = true;
    const task = heldHook('probe', socket);
    await queue.retry({ ...task, dueAt: Date.now() });
    await eventually('it probes', () => work.posted.length === 1);
    await queue.retry({ ...task, tries: { ...task.tries, attempts: 1 } });
    await answer();
    await eventually('its attempt is noted', () => storedAttempts() === 1);
    work.isAway = false;
    queue.wake();
    await answer();
    await eventually('nothing is left', () => !queue.has(socket));
  });

  test('go on when the app is back if they wait for nothing else, even after a restart', async () => {
    const [woken, waiting] = [newSocket(), newSocket()];
    const inAnHour = Date.now() + 3_600_000;
    await queue.retry({ ...failed('woken', inAnHour, woken), waiting: 'away' });
    await queue.retry(failed('the app asked for an hour', inAnHour, waiting));
    queue.stop();
    const next = new Work();
    const started = new RetryQueue(new HookStore(store), next, { now: Date.now }, new RecordingLog());
    started.start();
    started.wake();
    await eventually('it is posted', () => next.posted.length > 0);
    next.answers.shift()?.();
    await eventually('it is done', () => !started.has(woken));
    expect(next.posted).toEqual(['woken']);
    started.stop();
  });

  test('of a stopped gateway are due at once at its next start', async () => {
    await queue.retry({ ...heldHook('held', socket), dueAt: Date.now() + 3_600_000 });
    queue.stop();
    const next = new Work();
    const started = new RetryQueue(new HookStore(store), next, { now: Date.now }, new RecordingLog());
    started.start();
    await eventually('it is posted', () => next.posted.length === 1);
    started.stop();
  });

  /** How many attempts of the first hook in the store are noted. */
  function storedAttempts(): number | undefined {
    const hooks = new HookStore(store);
    hooks.load();
    const hook = hooks.first(socket)?.hook;
    return hook?.kind === 'retry' ? hook.tries.attempts : undefined;
  }
});
