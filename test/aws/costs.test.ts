import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

/** Whether it is about the circuit breaker, which no message has to itself. */
const isBreaker = ({ body }: Passage): boolean => body.includes('"breaker#app"');

/** What was asked of the tables about sockets, as it was asked. */
const ofTable = (passages: readonly Passage[]): string[] =>
  passages
    .filter((passage) => passage.service === 'dynamodb' && !isBreaker(passage))
    .map(({ operation }) => operation);

const answered: readonly [string, Answer, string[]][] = [
  ['is answered with nothing', 204, []],
  ['is answered with a reply', actions({ reply: 'thanks' }), ['thanks']],
];

test.for(answered)('a message that %s costs one consistent read and no write', async ([, answer, gets]) => {
  const { client, path } = await cloud.open(({ fields: { event } }) => (event === 'message' ? answer : 204));
  const passages = await cloud.wires.during(async () => {
    client.send('hello');
    await cloud.app.hook(path, 'message');
    expect(await client.take(gets.length)).toEqual(gets);
    await cloud.settled();
  });
  expect(ofTable(passages)).toEqual(['GetItem']);
  const [read] = passages.filter((passage) => passage.service === 'dynamodb' && !isBreaker(passage));
  expect(read?.body).toContain('"ConsistentRead":true');
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
});

test('a life with three messages costs four writes, and a read for each message', async () => {
  const path = freshPath();
  const passages = await cloud.wires.during(async () => {
    const client = await connect(cloud.at(path));
    for (const body of ['one', 'two', 'three']) client.send(body);
    for (const body of ['one', 'two', 'three']) {
      await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === body);
    }
    await client.close();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
  });
  const asked = ofTable(passages);
  expect(asked.filter((operation) => operation !== 'GetItem')).toEqual([
    'PutItem',
    'UpdateItem',
    'UpdateItem',
    'DeleteItem',
  ]);
  expect(asked.filter((operation) => operation === 'GetItem')).toHaveLength(3);
  expect(passages.filter(({ service }) => service === 'sqs' || service === 'connections')).toEqual([]);
  expect(await cloud.items()).toEqual([]);
});

test('a list of keys is read once by each function, however many hooks it signs', async () => {
  const passages = await cloud.wires.during(async () => {
    for (let at = 0; at < 3; at++) {
      const { client, path } = await cloud.open();
      await client.close();
      await cloud.app.hook(path, 'closed');
    }
    await cloud.settled();
  });
  expect(passages.filter(({ service }) => service === 'secrets')).toEqual([]);
});

/** The units that DynamoDB has counted of what is done, but for the circuit breaker. */
async function unitsOf(work: () => Promise<unknown>): Promise<{ reads: number; writes: number }> {
  return units((await cloud.wires.during(work)).filter((passage) => !isBreaker(passage)));
}

function units(passages: readonly Passage[]): { reads: number; writes: number } {
  const sum = (operations: RegExp): number =>
    passages.reduce((units, one) => (operations.test(one.operation) ? units + one.units : units), 0);
  return { reads: sum(/^(?:GetItem|BatchGetItem|Query|Scan)$/), writes: sum(/^(?:Put|Update|Delete)Item$/) };
}

/** Opens a socket whose handshake and messages have these actions. */
function opened(handshake: object, message: object = {}): Promise<Opened> {
  const answers: Record<string, Answer> = { handshake: actions(handshake), message: actions(message) };
  return cloud.open(({ fields: { event = '' } }) => answers[event] ?? 204);
}

async function sent({ client, path }: Opened): Promise<void> {
  client.send('hello');
  await cloud.app.hook(path, 'message');
  await cloud.settled();
}

async function ended({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

describe('in units of DynamoDB', () => {
  const pathOf = ({ from }: Opened, group: string): string =>
    `/groups/${group}/sockets/${encodeURIComponent(from)}`;

  test('a message of a socket that is in groups costs one read and no write', async () => {
    const socket = await opened({ join: ['a', 'b', 'c'] });
    expect(await unitsOf(() => sent(socket))).toEqual({ reads: 1, writes: 0 });
    await ended(socket);
  });

  test('a message whose answer joins a group costs two writes and no further read', async () => {
    const socket = await opened({}, { join: ['a'] });
    expect(await unitsOf(() => sent(socket))).toEqual({ reads: 1, writes: 2 });
    await ended(socket);
  });

  test('a message whose answer leaves a group costs two writes and no further read', async () => {
    const socket = await opened({ join: ['a', 'b'] }, { leave: ['a'] });
    expect(await unitsOf(() => sent(socket))).toEqual({ reads: 1, writes: 2 });
    await ended(socket);
  });

  test('a handshake that joins a group costs one write more than another', async () => {
    expect(await unitsOf(() => opened({}).then(ended))).toEqual({ reads: 0, writes: 4 });
    const sockets: Opened[] = [];
    const handshake = async (): Promise<void> => void sockets.push(await opened({ join: ['a'] }));
    expect(await unitsOf(handshake)).toEqual({ reads: 0, writes: 3 });
    for (const socket of sockets) await ended(socket);
  });

  test.for([1, 3])('a handshake with a reply that joins %i groups puts one row for each', async (count) => {
    const sockets: Opened[] = [];
    const passages = await cloud.wires.during(async () => {
      const socket = await opened({ reply: 'welcome', join: ['a', 'b', 'c'].slice(0, count) });
      sockets.push(socket);
      expect(await socket.client.take(1)).toEqual(['welcome']);
      await cloud.settled();
    });
    // The first is the record. A row that is put twice is refused and costs as much.
    expect(ofTable(passages).filter((operation) => operation === 'PutItem')).toHaveLength(1 + count);
    for (const socket of sockets) await ended(socket);
  });

  test('the end of a socket in three groups costs three writes more than of one in none', async () => {
    const [none, three] = [await opened({}), await opened({ join: ['a', 'b', 'c'] })];
    expect(await unitsOf(() => ended(none))).toEqual({ reads: 0, writes: 2 });
    expect(await unitsOf(() => ended(three))).toEqual({ reads: 0, writes: 5 });
    expect(await cloud.memberships()).toEqual([]);
  });

  test('a call that lets a socket join or leave costs one read and two writes', async () => {
    const socket = await opened({});
    for (const method of ['PUT', 'DELETE']) {
      const call = () => cloud.api.call(method, pathOf(socket, 'a'));
      expect([method, await unitsOf(call)]).toEqual([method, { reads: 1, writes: 2 }]);
    }
    await ended(socket);
  });

  test('joining once more, or leaving what it is not in, costs one read', async () => {
    const socket = await opened({ join: ['a'] });
    expect(await unitsOf(() => cloud.api.call('PUT', pathOf(socket, 'a')))).toEqual({ reads: 1, writes: 0 });
    expect(await unitsOf(() => cloud.api.call('DELETE', pathOf(socket, 'b')))).toEqual({
      reads: 1,
      writes: 0,
    });
    await ended(socket);
  });

  test('a send costs no write, and two with an idempotency key, whatever it sends', async () => {
    const socket = await opened({});
    const send = (key?: string) => () => cloud.api.send([socket.from], 'hello', key);
    expect(await unitsOf(send()), 'without a key').toEqual({ reads: 1, writes: 0 });
    expect(await unitsOf(send('costs')), 'with a key').toEqual({ reads: 1, writes: 2 });
    await ended(socket);
  });

  test('a repeat of a call with an idempotency key costs one write that is refused, and posts nothing', async () => {
    const socket = await opened({});
    const send = () => cloud.api.send([socket.from], 'hello', 'repeated');
    await send();
    const passages = await cloud.wires.during(send);
    // DynamoDB returns the item with its refusal. This emulator never does, so it is read.
    expect(passages.map(({ service, operation }) => `${service} ${operation}`)).toEqual([
      'dynamodb PutItem',
      'dynamodb GetItem',
    ]);
    await ended(socket);
  });

  test('a broadcast with an idempotency key costs two writes more than without', async () => {
    const socket = await opened({ user: 'costs' });
    const broadcast = (key?: string) => () => cloud.api.broadcast({ body: 'hello', user: 'costs' }, key);
    const { reads } = await unitsOf(broadcast());
    expect(await unitsOf(broadcast('costs'))).toEqual({ reads, writes: 2 });
    await ended(socket);
  });

  test('a broadcast to a group of 10 costs one query and 10 consistent reads, and so does its count', async () => {
    const sockets: Opened[] = [];
    for (let at = 0; at < 10; at++) sockets.push(await opened({ join: ['ten'] }));
    const passages = await cloud.wires.during(async () => {
      expect((await cloud.api.broadcast({ body: 'hello', group: 'ten' })).json).toMatchObject({
        delivered: 10,
      });
    });
    const reads = passages.filter(({ service }) => service === 'dynamodb');
    expect(reads.map(({ operation, units }) => [operation, units])).toEqual([
      ['Query', 1],
      ['BatchGetItem', 10],
    ]);
    const count = () => cloud.api.call('GET', '/groups/ten');
    expect(await unitsOf(count), 'to count the group').toEqual({ reads: 11, writes: 0 });
    for (const socket of sockets) await ended(socket);
  });
});

describe('the circuit breaker', () => {
  const ofBreaker = async (work: () => Promise<unknown>) =>
    units((await cloud.wires.during(work)).filter(isBreaker));

  test('costs a function one read in five seconds, however many hooks it posts, and no write', async () => {
    const socket = await opened({});
    await cloud.pass(5_000);
    const began = performance.now();
    const { reads, writes } = await ofBreaker(async () => {
      for (const body of ['one', 'two', 'three']) {
        socket.client.send(body);
        await cloud.app.hook(socket.path, 'message', ({ fields }) => fields['body'] === body);
      }
      await cloud.settled();
    });
    expect(reads).toBeGreaterThanOrEqual(1);
    expect(reads).toBeLessThanOrEqual(1 + Math.floor((performance.now() - began) / 5_000));
    expect(writes).toBe(0);
    await ended(socket);
  });

  test('costs one write for each attempt without an answer, and one for the answer after it', async () => {
    let isDown = false;
    const socket = await cloud.open(() => (isDown ? { status: 503 } : 204));
    isDown = true;
    for (const body of ['one', 'two']) {
      const { writes } = await ofBreaker(async () => {
        socket.client.send(body);
        await cloud.app.hook(socket.path, 'message', ({ fields }) => fields['body'] === body);
        await cloud.settled();
      });
      expect(writes, 'no answer').toBe(1);
    }
    isDown = false;
    const { writes } = await ofBreaker(async () => {
      await cloud.pass(60_000);
      await cloud.settled();
    });
    // Both messages are tried again at once, and each answer takes the failures back.
    expect(writes, 'answers').toBeGreaterThanOrEqual(1);
    expect(writes, 'answers').toBeLessThanOrEqual(2);
    await ended(socket);
  });
});

describe('a message that the app does not take', () => {
  /** What SQS is asked while something is done: messages sent, received and deleted. */
  async function requestsOf(work: () => Promise<unknown>) {
    const before = { ...cloud.queue.requests };
    await work();
    const { sent, received, deleted } = cloud.queue.requests;
    return {
      sent: sent - before.sent,
      received: received - before.received,
      deleted: deleted - before.deleted,
    };
  }

  /** A socket whose messages get these answers, the last again. */
  async function answering(...answers: readonly Answer[]): Promise<Opened> {
    let at = 0;
    return cloud.open(({ fields: { event } }) => {
      if (event !== 'message') return 204;
      at += 1;
      return answers[Math.min(at, answers.length) - 1] ?? 204;
    });
  }

  const passing = async (steps: number, ms: number): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      await cloud.pass(ms);
      await cloud.settled();
    }
  };

  test.for([1, 4])(
    'costs a write, and three requests of SQS for each of %i further attempts',
    async (more) => {
      const down = Array.from({ length: more }, () => ({ status: 503 }));
      const socket = await answering(...down, 204);
      const units = await unitsOf(async () => {
        const requests = await requestsOf(async () => {
          await sent(socket);
          await passing(more, 60_000);
        });
        expect(requests).toEqual({ sent: more, received: more, deleted: more });
      });
      expect(cloud.app.of(socket.path, 'message')).toHaveLength(1 + more);
      // The record is read when the message comes, and counts it when it fails.
      expect(units).toEqual({ reads: 1, writes: 1 });
      await ended(socket);
    },
  );

  test('and that is left alone for an hour costs three more for each further quarter of an hour', async () => {
    const socket = await answering({ status: 503, headers: { 'Retry-After': '3600' } }, 204);
    const requests = await requestsOf(async () => {
      await sent(socket);
      await passing(4, 15 * 60_000 + 1_000);
    });
    expect(cloud.app.of(socket.path, 'message')).toHaveLength(2);
    expect(requests).toEqual({ sent: 4, received: 4, deleted: 4 });
    await ended(socket);
  });

  test('and that is a dead letter at once costs three writes, and no request of SQS', async () => {
    const socket = await answering({ status: 400 });
    const units = await unitsOf(async () => {
      expect(await requestsOf(() => sent(socket))).toEqual({ sent: 0, received: 0, deleted: 0 });
    });
    expect(units).toEqual({ reads: 1, writes: 3 });
    expect((await cloud.letterItems()).length).toBe(2);
    await ended(socket);
  });
});
