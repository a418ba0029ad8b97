import { beforeEach, describe, expect, test } from 'vitest';
import { messageWeight } from '../../functions/local/backlog.ts';
import { uniqueIds } from '../../functions/local/ids.ts';
import { PacedKeeper } from '../../functions/local/paced-keeper.ts';
import type { SocketQueue } from '../../functions/local/socket-queue.ts';
import type { WaitingArrival } from '../../functions/local/stored.ts';
import { watchedSocketQueue } from '../fakes/watched-socket-queue.ts';
import { eventually } from '../support/eventually.ts';

/** Keeps each message when it is told to. */
class SlowKeeper {
  readonly asked: string[] = [];
  readonly answers: ((kept: 'kept' | 'full') => void)[] = [];

  append({ body }: WaitingArrival): Promise<'kept' | 'full'> {
    this.asked.push(body);
    return new Promise((resolve) => this.answers.push(resolve));
  }

  prepend(arrival: WaitingArrival): Promise<'kept' | 'full'> {
    return this.append(arrival);
  }
}

describe('messages that are kept, a few at a time,', () => {
  let slow = new SlowKeeper();
  let refused: string[] = [];
  let keeper: PacedKeeper;
  beforeEach(() => {
    slow = new SlowKeeper();
    refused = [];
    keeper = new PacedKeeper(slow, uniqueIds, (_, why) => void refused.push(why));
  });

  /** A queue with these messages, whose texts have this many bytes. */
  const queueOf = (bodies: readonly string[], bytes: number): SocketQueue => {
    const { queue } = watchedSocketQueue(keeper);
    for (const body of bodies) queue.receive(body, bytes, 1);
    return queue;
  };
  const names = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}${at}`);

  test('are no more than half a MiB, while the others stay in their backlogs', async () => {
    const bytes = 131_072 - messageWeight(0);
    const queue = queueOf(names('m', 6), bytes);
    queue.block();
    expect(slow.asked).toEqual(names('m', 4));
    expect(queue.waiting).toBe(2 * 131_072);
    slow.answers.shift()?.('kept');
    await eventually('the next', () => slow.asked.length === 5);
    expect(queue.waiting).toBe(131_072);
  });

  test('of several queues take turns', async () => {
    const bytes = 131_072 - messageWeight(0);
    const [one, other] = [queueOf(names('a', 8), bytes), queueOf(names('b', 8), bytes)];
    one.block();
    other.block();
    for (const answer of slow.answers.splice(0)) answer('kept');
    await eventually('more of them', () => slow.asked.length === 8);
    expect(slow.asked).toEqual([...names('a', 4), 'a4', 'b0', 'a5', 'b1']);
  });

  test('are told of if there is no room, or the store fails', async () => {
    queueOf(names('m', 1), 1).block();
    slow.answers.shift()?.('full');
    await eventually('it is refused', () => refused.length === 1);
    expect(refused).toEqual(['there is no room for messages that wait behind others']);
  });

  test('are all given away when there is no more time', () => {
    const queue = queueOf(names('m', 50), 130_000);
    queue.block();
    expect(slow.asked.length).toBeLessThan(10);
    keeper.drainAtOnce();
    expect(slow.asked).toEqual(names('m', 50));
    expect(queue.waiting).toBe(0);
  });

  test('that are not kept yet when nothing blocks their socket any more are relayed', async () => {
    const queue = queueOf(names('m', 6), 131_072 - messageWeight(0));
    const relayed: string[] = [];
    const relay = async ({ body }: { body: string }) => void relayed.push(body);
    queue.setConsumer({ relay, shrunk: () => {}, failed: () => false, shed: () => {} });
    queue.block();
    queue.release();
    queue.unblock();
    await eventually('the rest is relayed', () => relayed.length === 2);
    expect([slow.asked, relayed]).toEqual([names('m', 4), ['m4', 'm5']]);
  });
});
