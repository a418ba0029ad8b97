import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../functions/wire/limits.ts';
import type { ApiAnswer } from '../support/api.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

/** A lease, which is longer than any function runs. */
const leaseMs = 90_000;
const isReplayed = ({ headers }: ApiAnswer): boolean => headers.get('idempotency-replayed') === 'true';
let count = 0;

/** Two sockets of a user of their own, and two calls to them with a key of their own. */
async function asked(): Promise<{
  readonly sockets: readonly Opened[];
  readonly send: () => Promise<ApiAnswer>;
  readonly broadcast: () => Promise<ApiAnswer>;
}> {
  count += 1;
  const [user, key, body] = [`user ${count}`, `key ${count}`, `message ${count}`];
  const open = () => cloud.open(({ fields: { event } }) => (event === 'handshake' ? actions({ user }) : 204));
  const sockets = [await open(), await open()];
  const ids = sockets.map(({ from }) => from);
  return {
    sockets,
    send: () => cloud.api.send(ids, body, key),
    broadcast: () => cloud.api.broadcast({ body, user }, key),
  };
}

const outcomes = {
  send: { delivered: 2, queued: 0, gone: [], failed: [] },
  broadcast: { delivered: 2, queued: 0, gone: 0, failed: 0 },
};

describe.for(['send', 'broadcast'] as const)('the function of %s', (name) => {
  test('killed at every moment of a call with a key: its repeat does what is left, and counts all', async () => {
    const cases = await killedAtEveryMoment(cloud, name, async ({ ran }) => {
      const made = await asked();
      const answer = await made[name]().catch(() => undefined);
      await ran;
      const atOnce = await made[name]();
      return { ...made, answer, atOnce };
    });
    expect(cases.length).toBeGreaterThanOrEqual(11);
    await cloud.pass(leaseMs);
    let [inUse, twice] = [0, 0];
    for (const { victim, result } of cases) {
      const { done, moment, hasDied } = victim;
      const isAnswered = done.includes('dynamodb UpdateItem');
      const isClaimed = done.includes('dynamodb PutItem');
      const { status } = result.atOnce;
      expect([moment, status], 'a repeat at once').toEqual([moment, isClaimed && !isAnswered ? 409 : 200]);
      expect([moment, isReplayed(result.atOnce)]).toEqual([moment, isAnswered]);
      if (status === 409) inUse += 1;
      const last = await result[name]();
      expect([moment, last.status, last.json]).toEqual([moment, 200, outcomes[name]]);
      const again = await result[name]();
      expect([moment, isReplayed(again), again.text]).toEqual([moment, true, last.text]);
      if (!hasDied) expect([result.answer?.text, isReplayed(last)]).toEqual([last.text, true]);
      for (const { client } of result.sockets) {
        const all = [await client.next(), ...client.left];
        expect([moment, new Set(all).size]).toEqual([moment, 1]);
        // Only who was killed after a post, and before its answer was stored, has left somebody to be posted to again.
        if (!isClaimed || isAnswered) expect([moment, all.length]).toEqual([moment, 1]);
        twice += all.length - 1;
      }
    }
    expect(inUse, 'repeats while the claim of the dead lasted').toBeGreaterThan(0);
    expect(twice, 'messages that came twice').toBeGreaterThan(0);
    await Promise.all(cases.flatMap(({ result }) => result.sockets.map(({ client }) => client.close())));
    await cloud.settled();
  }, 60_000);

  test('does a call again when the day of its key is over, though DynamoDB still has the item', async () => {
    const { sockets, ...made } = await asked();
    await made[name]();
    await cloud.pass(limits.idempotencySeconds * 1_000 - 60_000);
    expect(isReplayed(await made[name]()), 'a minute before').toBe(true);
    await cloud.pass(60_000);
    expect(isReplayed(await made[name]()), 'after a day').toBe(false);
    for (const { client } of sockets) expect(await client.take(2)).toHaveLength(2);
    expect(isReplayed(await made[name]()), 'of the new day').toBe(true);
    await Promise.all(sockets.map(({ client }) => client.close()));
    await cloud.settled();
  });

  test('tells a repeat to wait while the call is in progress, and posts once', async () => {
    const { sockets, ...made } = await asked();
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let isPosting: () => void = () => {};
    const posting = new Promise<void>((resolve) => {
      isPosting = resolve;
    });
    cloud.wires.meddler = {
      before: async ({ service }) => {
        if (service !== 'connections') return undefined;
        isPosting();
        await held;
        return undefined;
      },
    };
    const first = made[name]();
    await posting;
    const repeat = await made[name]();
    expect([repeat.status, repeat.json['code']]).toEqual([409, 'idempotency_key_in_use']);
    expect(repeat.headers.get('retry-after')).toBe('5');
    go();
    cloud.wires.meddler = {};
    expect((await first).json).toEqual(outcomes[name]);
    expect(isReplayed(await made[name]())).toBe(true);
    for (const { client } of sockets) {
      await client.take(1);
      expect(client.left).toEqual([]);
    }
    await Promise.all(sockets.map(({ client }) => client.close()));
    await cloud.settled();
  });

  test('resumes a call that was killed late with those of its outcomes that were stored', async () => {
    const { sockets, ...made } = await asked();
    const [, slow] = sockets;
    const from = cloud.wires.passed.length;
    const stored = () => cloud.wires.passed.slice(from).some(({ body }) => body.includes(':outcomes'));
    // The second client's posts are throttled until the outcome of the first is stored. Then the function is killed.
    cloud.wires.meddler = {
      before: ({ service, path }) => {
        if (service !== 'connections' || !decodeURIComponent(path).includes(slow?.from ?? ''))
          return undefined;
        return { status: 429, json: { message: 'Too many requests' } };
      },
      after: async ({ body }) => {
        if (!body.includes(':outcomes')) return undefined;
        await cloud.lambdas[name].kill();
        return 'cut';
      },
    };
    await made[name]().catch(() => undefined);
    expect(stored()).toBe(true);
    cloud.wires.meddler = {};
    await cloud.pass(leaseMs);
    expect((await made[name]()).json).toEqual(outcomes[name]);
    for (const { client } of sockets) {
      await client.take(1);
      expect(client.left).toEqual([]);
    }
    await Promise.all(sockets.map(({ client }) => client.close()));
    await cloud.settled();
  });
});

/** How many sockets an answer names. On a busy machine some can't be looked up, which makes it longer. */
const named = ({ json }: ApiAnswer): number => [json['gone'], json['failed']].flat().length;

test('an answer of 1,000 sockets with the longest ids, none of which exists, is kept', async () => {
  const ids = Array.from({ length: 1_000 }, (_, at) => String(at).padStart(limits.socketIdLength, 'x'));
  const first = await cloud.api.send(ids, 'hello', 'a large answer');
  expect([first.status, named(first)]).toEqual([200, 1_000]);
  const again = await cloud.api.send(ids, 'hello', 'a large answer');
  expect([isReplayed(again), again.text]).toEqual([true, first.text]);
});

test('an answer with ids that no socket can have, as long as they may be, is kept', async () => {
  const malformed = Array.from({ length: 500 }, (_, at) => String(at).padStart(258, '!'));
  const valid = Array.from({ length: 500 }, (_, at) => String(at).padStart(limits.socketIdLength, 'x'));
  const ids = [...malformed, ...valid];
  const first = await cloud.api.send(ids, 'hello', 'long ids');
  expect([first.status, named(first)]).toEqual([200, 1_000]);
  const again = await cloud.api.send(ids, 'hello', 'long ids');
  expect([isReplayed(again), again.text]).toEqual([true, first.text]);
});
