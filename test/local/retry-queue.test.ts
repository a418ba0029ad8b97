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

function failed(body: string): RetryTask {
  const hook = messageHook(aRecord({ socket }), arrival(body));
  const tries = { since: Date.now(), attempts: 1, errors: 0 };
  return { kind: 'retry', socket, hook, groupsVersion: 0, tries, dueAt: Date.now() };
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
});
