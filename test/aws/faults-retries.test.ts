import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { limits } from '../../functions/wire/limits.ts';
import { parseSocketId } from '../../functions/wire/socket-id.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud, type Opened, queueNames } from './cloud.ts';
import { tooMany } from './throttled.ts';
import type { Passage } from './wires.ts';

const minuteMs = 60_000;

let cloud: Cloud;
beforeEach(async () => {
  cloud = await Cloud.start({ HOOK_TIMEOUT_MS: '1000' });
});
afterEach(() => cloud.stop());

const events = (name: string) => cloud.log.filter(({ event }) => event === name);
const waiting = (): string[] => cloud.queue.waitingIn(queueNames.retries);
const bodiesAt = ({ path }: Opened) => cloud.app.of(path, 'message').map(({ fields }) => fields['body']);
const letters = async () =>
  (await cloud.api.call('GET', '/dead-letters?body=true')).json['deadLetters'] as Record<string, unknown>[];

/** A socket whose messages get these answers, the last again. */
async function answering(...answers: readonly Answer[]): Promise<Opened> {
  let at = 0;
  return cloud.open(({ fields: { event } }) => {
    if (event !== 'message') return 204;
    at += 1;
    return answers[Math.min(at, answers.length) - 1] ?? 204;
  });
}

async function sent({ client, path }: Opened, body: string): Promise<void> {
  client.send(body);
  await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === body);
  await cloud.settled();
}

async function passing(steps: number, ms: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await cloud.pass(ms);
    await cloud.settled();
  }
}

/** Answers such requests with an error that is not worth another attempt, until it is told that this is over. */
function failing(isIt: (passage: Passage) => boolean): () => void {
  cloud.wires.meddler = {
    before: (passage) =>
      isIt(passage) ? { status: 400, json: { __type: 'AccessDeniedException', message: 'No.' } } : undefined,
  };
  return () => {
    cloud.wires.meddler = {};
  };
}

const isSqs = ({ service }: Passage): boolean => service === 'sqs';
const isLetter = ({ body, operation }: Passage): boolean =>
  operation === 'PutItem' && body.includes('-dead-letters"');

describe('SQS is away', () => {
  test('when a message fails for the first time: it is a dead letter, which can be replayed', async () => {
    const socket = await answering({ status: 503 }, actions({ reply: 'thanks' }));
    const over = failing(isSqs);
    await sent(socket, 'hello');
    over();
    expect(await letters()).toMatchObject([
      { body: 'hello', attempts: 1, lastError: 'the app answered 503' },
    ]);
    expect([events('hook_lost'), events('hook_dead').length, socket.client.left]).toEqual([[], 1, []]);
    expect((await cloud.api.call('POST', '/dead-letters/replay')).status).toBe(202);
    await cloud.settled();
    expect([await socket.client.next(), await letters()]).toEqual(['thanks', []]);
  });

  test('when a retry fails again: SQS still has it, and brings it again', async () => {
    const socket = await answering({ status: 503 }, { status: 503 }, 204);
    await sent(socket, 'hello');
    const over = failing(({ operation }) => operation === 'SendMessage');
    await passing(1, 1_000);
    over();
    expect(bodiesAt(socket)).toHaveLength(2);
    await passing(1, 5_000);
    expect(bodiesAt(socket)).toHaveLength(3);
    expect([waiting(), await letters(), events('hook_lost')]).toEqual([[], [], []]);
  });

  test('when letters are to be replayed: none is forgotten', async () => {
    const socket = await answering({ status: 400 }, 204);
    await sent(socket, 'hello');
    const over = failing(isSqs);
    const [letter] = await letters();
    expect((await cloud.api.call('POST', `/dead-letters/${letter?.['deadLetter']}/replay`)).status).toBe(500);
    expect((await cloud.api.call('POST', '/dead-letters/replay')).status).toBe(500);
    over();
    expect([await letters(), bodiesAt(socket)]).toMatchObject([[letter], ['hello']]);
  });
});

describe('SQS takes a message that failed for the first time', () => {
  const isSend = ({ operation }: Passage): boolean => operation === 'SendMessage';

  test('and its answer is lost: it is queued once, and kept as a dead letter as well', async () => {
    const socket = await answering({ status: 503 }, 204);
    cloud.wires.meddler = { after: (passage) => (isSend(passage) ? 'cut' : undefined) };
    await sent(socket, 'hello');
    cloud.wires.meddler = {};
    expect([waiting().length, (await letters()).length, events('hook_lost')]).toEqual([1, 1, []]);
    await passing(1, 1_000);
    expect([bodiesAt(socket), waiting()]).toEqual([['hello', 'hello'], []]);
  });

  test('and answers only after two seconds: it is queued once, and nothing else is kept', async () => {
    const socket = await answering({ status: 503 }, 204);
    let sends = 0;
    cloud.queue.hold();
    cloud.wires.meddler = {
      after: async (passage) => {
        if (!isSend(passage)) return undefined;
        sends += 1;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        return undefined;
      },
    };
    await sent(socket, 'hello');
    cloud.wires.meddler = {};
    expect([sends, waiting().length, await letters(), events('fault')]).toEqual([1, 1, [], []]);
    cloud.queue.release();
  });
});

describe('DynamoDB is away when a dead letter is to be kept', () => {
  test('of a message that the app has refused: it is queued, and kept later', async () => {
    const socket = await answering({ status: 400 });
    const over = failing(isLetter);
    await sent(socket, 'hello');
    expect([waiting().length, events('hook_lost')]).toEqual([1, []]);
    over();
    await passing(1, minuteMs);
    expect(await letters()).toMatchObject([
      { body: 'hello', attempts: 2, lastError: 'the app answered 400' },
    ]);
    expect([bodiesAt(socket).length, waiting()]).toEqual([2, []]);
  });

  test('of a retry: SQS still has it, and it is kept when DynamoDB is back', async () => {
    const socket = await answering({ status: 503 }, { status: 400 });
    await sent(socket, 'hello');
    const over = failing(isLetter);
    await passing(1, 1_000);
    expect(await letters()).toEqual([]);
    over();
    await passing(1, 5_000);
    expect(await letters()).toMatchObject([{ body: 'hello', attempts: 2 }]);
    expect([waiting(), events('hook_lost')]).toEqual([[], []]);
  });

  test('of a closed hook: the record still owes it, and it is kept when DynamoDB is back', async () => {
    const { client, path, from } = await cloud.open(({ fields: { event } }) =>
      event === 'closed' ? { status: 400 } : 204,
    );
    const over = failing(isLetter);
    await client.close(3001, 'bye');
    await cloud.settled();
    expect(await cloud.items()).toHaveLength(1);
    over();
    await cloud.minutes(3);
    expect(await cloud.items()).toEqual([]);
    expect(await letters()).toMatchObject([{ event: 'closed', socket: from, path }]);
    expect(events('hook_lost')).toEqual([]);
  });

  test('of a message that no worker could finish: the queue of dead retries still has it', async () => {
    const socket = await answering({ status: 503 }, { status: 400 });
    await sent(socket, 'hello');
    const over = failing(isLetter);
    // It fails as often as it may, and then where it should be kept.
    cloud.queue.wear(queueNames.retries, maxReceives.retries - 5);
    await passing(1, 1_000);
    for (let receive = 0; receive < 5; receive++) await passing(1, 900_000);
    expect([cloud.queue.dead.length, await letters()]).toEqual([1, []]);
    over();
    await passing(4, 900_000);
    expect(await letters()).toMatchObject([{ body: 'hello' }]);
    expect(events('hook_lost')).toEqual([]);
  });

  test('for a moment, because it is throttled: nobody notices', async () => {
    const socket = await answering({ status: 400 });
    let struck = 0;
    cloud.wires.meddler = {
      before: (passage) => {
        if (!isLetter(passage) || struck >= 3) return undefined;
        struck += 1;
        return tooMany('ProvisionedThroughputExceededException');
      },
    };
    await sent(socket, 'hello');
    expect([struck, (await letters()).length, events('fault')]).toEqual([3, 1, []]);
  });
});

describe('a retry that SQS hands over', () => {
  test.for(['doubled', 'repeated'] as const)('%s reaches the app twice, under one id', async (fault) => {
    const socket = await answering({ status: 503 }, 204);
    await sent(socket, 'hello');
    cloud.queue[fault] = 1;
    await passing(2, 180_000);
    const ids = cloud.app.of(socket.path, 'message').map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([3, 1]);
  });

  test('with others of which one hangs is done, and holds up none of them', async () => {
    const [stuck, free] = [
      await answering({ status: 503 }, 'hang', 204),
      await answering({ status: 503 }, 204),
    ];
    cloud.queue.hold();
    for (const { client } of [stuck, free]) client.send('hello');
    await eventually('both are queued', () => waiting().length === 2);
    cloud.queue.release();
    await passing(1, 1_000);
    expect([bodiesAt(stuck).length, bodiesAt(free).length]).toEqual([2, 2]);
    await passing(1, minuteMs);
    expect([bodiesAt(stuck).length, bodiesAt(free).length, waiting()]).toEqual([3, 2, []]);
  });
});

describe('a client whose messages fail', () => {
  test('for 16 MiB is closed, its closed hook has 1013, and every message is kept', async () => {
    const { client, path, from } = await answering({ status: 400 });
    const socket = parseSocketId(from);
    if (socket === undefined) throw new Error('There is no socket.');
    await cloud.ports.registry.countFailed(socket, limits.failedBytes - 500);
    for (const body of ['fits', 'is too much']) {
      client.send(body);
      await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === body);
      await cloud.settled();
    }
    // API Gateway closes with 1000, whatever the reason.
    expect((await client.closed).code).toBe(1000);
    expect((await cloud.app.hook(path, 'closed')).fields).toMatchObject({ code: '1013', from });
    await cloud.settled();
    expect((await letters()).map(({ body }) => body)).toEqual(['fits', 'is too much']);
    expect([events('socket_overloaded').length, await cloud.items()]).toEqual([1, []]);
  });
});
