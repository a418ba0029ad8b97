import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import type { HandlerName } from './bundles.ts';
import { Cloud, queueNames } from './cloud.ts';

const hourMs = 3_600_000;

let cloud: Cloud;
afterEach(() => cloud.stop());

describe('an app that accepts a handshake', () => {
  beforeEach(async () => {
    cloud = await Cloud.start({ HOOK_TIMEOUT_MS: '2000' });
  });

  test('just in time lets the client in, and too late is told 1006, once', async () => {
    const [early, late] = [freshPath(), freshPath()];
    const after = (ms: number) => async (): Promise<Answer> =>
      new Promise((resolve) => setTimeout(resolve, ms, 204));
    cloud.app.on(early, after(500));
    await (await connect(cloud.at(early))).close();
    expect((await cloud.app.hook(early, 'closed')).fields).toMatchObject({ code: '1000' });

    let answered = (): void => {};
    const isAnswered = new Promise<void>((resolve) => {
      answered = resolve;
    });
    cloud.app.on(late, async ({ fields: { event } }) => {
      if (event === 'handshake') await cloud.app.hook(late, 'closed');
      answered();
      return 204;
    });
    expect(await tryConnect(cloud.at(late))).toMatchObject({ status: 504 });
    await isAnswered;
    await cloud.settled();
    await cloud.minutes(3);
    expect(cloud.app.of(late, 'closed').map(({ fields }) => fields['code'])).toEqual(['1006']);
    expect(await cloud.items()).toEqual([]);
  });
});

describe('an app that is down when a socket ends', () => {
  beforeEach(async () => {
    cloud = await Cloud.start();
  });

  /** A socket whose app answers every closed hook with 503, and asks to be left alone, until it is back. */
  async function endWhileDown() {
    let isBack = false;
    const down: Answer = { status: 503, headers: { 'Retry-After': '60' } };
    const { client, path, from } = await cloud.open(({ fields: { event } }) =>
      event === 'closed' && !isBack ? down : 204,
    );
    await client.close(3001, 'bye');
    await cloud.settled();
    const tries = () => cloud.app.of(path, 'closed');
    expect(tries()).toHaveLength(1);
    return {
      ...{ path, from, tries },
      comeBack: () => {
        isBack = true;
      },
    };
  }

  const passHours = async (hours: number): Promise<void> => {
    for (let half = 0; half < hours * 2; half++) {
      await cloud.pass(hourMs / 2);
      await cloud.sweeps(1);
    }
  };

  test('is told when it is back after a day, once, under the same id, though the item has expired', async () => {
    const { tries, from, comeBack } = await endWhileDown();
    await passHours(23);
    await cloud.expire();
    const failed = tries().length;
    // At most an hour between two tries, and not one in each minute of the day.
    expect(failed).toBeGreaterThanOrEqual(23);
    expect(failed).toBeLessThanOrEqual(46);
    comeBack();
    await passHours(3);
    expect(tries()).toHaveLength(failed + 1);
    expect(new Set(tries().map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`closed_${from}`]));
    expect(tries().at(-1)?.fields).toMatchObject({ from, code: '3001', reason: 'bye' });
    expect(await cloud.items()).toEqual([]);
    expect(cloud.log.filter(({ event }) => event === 'hook_lost')).toEqual([]);
  });

  test('for more than a day is told nothing any more, and the hook is a dead letter', async () => {
    const { tries, from, comeBack } = await endWhileDown();
    await passHours(25);
    expect(await cloud.items()).toEqual([]);
    expect(cloud.log).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'hook_dead', request: `closed_${from}` }),
    );
    const failed = tries().length;
    comeBack();
    await passHours(1);
    expect(tries()).toHaveLength(failed);
    expect((await cloud.api.call('GET', '/dead-letters')).json).toMatchObject({
      deadLetters: [{ event: 'closed', socket: from, lastError: 'the app answered 503' }],
    });
    await cloud.api.call('POST', '/dead-letters/replay');
    await cloud.settled();
    expect(tries().at(-1)?.headers['webhook-id']).toBe(`closed_${from}`);
    expect([tries().length, await cloud.letterItems()]).toEqual([failed + 1, []]);
  });
});

describe('an app that never answers', () => {
  beforeEach(async () => {
    cloud = await Cloud.start({ HOOK_TIMEOUT_MS: '20000' });
  });

  /** Gives a handler so little time; the stand-in kills what takes longer. How long it took is looked at too. */
  function limit(name: HandlerName, maxMs: number) {
    const outcomes: { kind: 'returned' | 'died'; value: unknown }[] = [];
    cloud.handlers[name] = async (event) => {
      const run = cloud.lambdas[name].invoke(event, maxMs);
      await run.then(
        (value) => outcomes.push({ kind: 'returned', value }),
        (value: unknown) => outcomes.push({ kind: 'died', value }),
      );
      return run;
    };
    return outcomes;
  }

  test('lets each function end in time, and what is owed is told when it is back', async () => {
    let hangs = true;
    const answer = ({ fields: { event } }: { fields: Readonly<Record<string, string>> }): Answer =>
      hangs && event !== 'handshake' ? 'hang' : 204;
    const [messaging, leaving, closing] = [
      await cloud.open(answer),
      await cloud.open(answer),
      await cloud.open(answer),
    ];
    const outcomes = {
      connect: limit('connect', 6_500),
      // It reserves more time than the others, to keep a hook that fails.
      default: limit('default', 9_000),
      disconnect: limit('disconnect', 6_500),
      tasks: limit('tasks', 6_500),
    };
    const hopeless = freshPath();
    cloud.app.on(hopeless, ({ fields: { event } }) => (hangs && event === 'handshake' ? 'hang' : 204));
    messaging.client.send('m');
    const refused = tryConnect(cloud.at(hopeless));
    void leaving.client.close();
    await cloud.api.call('DELETE', `/sockets/${encodeURIComponent(closing.from)}`);
    expect(await refused).toMatchObject({ status: 504 });
    await eventually('all have ended', () => Object.values(outcomes).every((outcome) => outcome.length > 0));
    await cloud.settled();
    const ended = Object.values(outcomes).flat();
    expect(ended.filter(({ kind }) => kind === 'died')).toEqual([]);
    expect(outcomes.default).toEqual([{ kind: 'returned', value: { statusCode: 200 } }]);
    // A message function that runs out of time hands its hook over before it returns.
    expect(cloud.log.filter(({ event }) => event === 'hook_lost')).toEqual([]);

    hangs = false;
    await cloud.minutes(5);
    const messages = cloud.app.of(messaging.path, 'message').map(({ headers }) => headers['webhook-id']);
    expect([messages.length > 1, new Set(messages).size], 'the message').toEqual([true, 1]);
    expect(cloud.queue.waitingIn(queueNames.retries)).toEqual([]);
    await messaging.client.close();
    await cloud.app.hook(messaging.path, 'closed');
    await cloud.settled();
    for (const path of [messaging.path, leaving.path, closing.path, hopeless]) {
      const [told] = cloud.app.of(path, 'closed').slice(-1);
      expect([path, told?.headers['webhook-id']]).toEqual([path, `closed_${told?.fields['from']}`]);
    }
    expect(await cloud.items()).toEqual([]);
  });

  test('is not asked at all by a function that has no time left, and owes nothing', async () => {
    const outcomes = limit('connect', 4_900);
    const path = freshPath();
    cloud.app.on(path, () => actions({}));
    expect(await tryConnect(cloud.at(path))).toMatchObject({ status: 504 });
    expect(outcomes).toHaveLength(1);
    await cloud.minutes(3);
    expect(cloud.app.of(path)).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });
});
