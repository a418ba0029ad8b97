import { describe, expect, test } from 'vitest';
import { route } from '../../../functions/gateway/api/route.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { ok } from '../../../functions/wire/result.ts';
import { answered } from '../../fakes/fake-app.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';
import { type TimedWorld, timedGateway } from '../../fakes/pass-time.ts';

/** Calls the API: as somebody whom IAM let in, or as nobody. */
async function call({ gateway }: TimedWorld, method: string, url: string, identity = 'a caller') {
  const [path = '', query = ''] = url.split('?');
  const found = route(method, path);
  if (!found.ok) throw new Error(`${method} ${path} is no call.`);
  const { status, body } = await found.value.call(gateway, {
    id: 'req_1',
    parameters: found.value.parameters,
    query,
    authorization: '',
    identity,
    contentType: '',
    body: async () => ok(Buffer.alloc(0)),
  });
  return { status, text: body, json: body === '' ? undefined : JSON.parse(body) };
}

/** A world in which the app has refused this many messages of alice, a second apart. */
async function refused(count: number, body = 'secret words') {
  const world = timedGateway();
  const { socket } = await world.admit({ user: 'alice' });
  for (let at = 0; at < count; at++) {
    world.app.answers = [answered(422)];
    await message(world.gateway, { socket, id: `m${at}`, body, time: world.clock.now() });
    world.clock.skipTo(world.clock.now() + 1_000);
  }
  return { world, socket };
}

const unknownIds = ['0mws1q7to-AAAAAAAAAAAAAAAAAAAAAA', 'x', 'replay', 'a%20b', '%2E%2E', '0'.repeat(5_000)];

describe('GET /dead-letters', () => {
  test('without any is empty', async () => {
    expect(await call(timedGateway(), 'GET', '/dead-letters')).toMatchObject({
      status: 200,
      json: { deadLetters: [] },
    });
  });

  test('tells of each hook what happened, without what its client said', async () => {
    const { world, socket } = await refused(1);
    const { json, text } = await call(world, 'GET', '/dead-letters');
    const letter = await onlyLetter(world);
    expect(json).toEqual({
      deadLetters: [
        {
          deadLetter: letter?.id,
          event: 'message',
          socket,
          path: '/',
          user: 'alice',
          attempts: 1,
          lastError: 'the app answered 422',
          time: letter?.hook.time,
          diedAt: letter?.diedAt,
        },
      ],
    });
    expect(text).not.toContain('secret words');
    expect((await call(world, 'GET', '/dead-letters?body=false')).json).toEqual(json);
  });

  test('has the bodies if it is asked for them', async () => {
    const { world } = await refused(1);
    const { json } = await call(world, 'GET', '/dead-letters?body=true');
    expect(json.deadLetters).toMatchObject([{ event: 'message', body: 'secret words' }]);
  });

  test('tells of closed hooks too, whose body is empty', async () => {
    const world = timedGateway();
    const { socket } = await world.admit();
    world.app.answers = [answered(410)];
    await disconnect(world.gateway, socket, { code: 1001, reason: '' });
    const { json } = await call(world, 'GET', '/dead-letters?body=true');
    expect(json.deadLetters).toMatchObject([{ event: 'closed', socket, attempts: 1, body: '' }]);
  });

  test('lists all, page by page, each once and in the order of their times', async () => {
    const { world } = await refused(7);
    const read: string[] = [];
    const sizes: number[] = [];
    for (let query = '?limit=3'; query !== ''; ) {
      const { json } = await call(world, 'GET', `/dead-letters${query}`);
      sizes.push(json.deadLetters.length);
      read.push(...json.deadLetters.map(({ deadLetter }: { deadLetter: string }) => deadLetter));
      query = json.cursor === undefined ? '' : `?limit=3&cursor=${encodeURIComponent(json.cursor)}`;
    }
    expect(sizes).toEqual([3, 3, 1]);
    expect(read).toEqual((await lettersOf(world)).map(({ id }) => id));
    expect(read).toHaveLength(7);
  });

  test.for([
    { query: '', size: 100 },
    { query: '?limit=1', size: 1 },
    { query: '?limit=1000', size: 101 },
    { query: '?limit=6&body=true', size: 6 },
    { query: '?limit=7&body=true', size: 6 },
    { query: '?body=true', size: 6 },
    { query: '?limit=8&body=false', size: 8 },
  ])('$query has at most $size of 101', async ({ query, size }) => {
    const { world } = await refused(101);
    const { json } = await call(world, 'GET', `/dead-letters${query}`);
    expect(json.deadLetters).toHaveLength(size);
    expect(json.cursor === undefined).toBe(size === 101);
  });

  test('fits into an answer of a Lambda function, whatever clients have said', async () => {
    const { world } = await refused(8, '\u0001'.repeat(limits.messageBytes));
    const { json, text } = await call(world, 'GET', '/dead-letters?limit=1000&body=true');
    expect(json.deadLetters).toHaveLength(6);
    // Lambda writes the document into another one.
    const envelope = Buffer.byteLength(JSON.stringify({ statusCode: 200, body: text }));
    expect(envelope).toBeLessThan(6 * 1_048_576);
    expect((envelope * 7) / 6, 'one letter more').toBeGreaterThan(6 * 1_048_576);
  });

  test.for([
    ['?limit=0', 'invalid_field', 'limit'],
    ['?limit=1001', 'invalid_field', 'limit'],
    ['?limit=x', 'invalid_field', 'limit'],
    ['?cursor=', 'invalid_field', 'cursor'],
    ['?cursor=!', 'invalid_field', 'cursor'],
    ['?cursor=0', 'invalid_field', 'cursor'],
    ['?body=yes', 'invalid_field', 'body'],
    ['?body=', 'invalid_field', 'body'],
    ['?bodies=true', 'unknown_field', 'bodies'],
  ] as const)('%s is refused, and the answer names the field', async ([query, code, field]) => {
    const { world } = await refused(1);
    const answer = await call(world, 'GET', `/dead-letters${query}`);
    expect(answer).toMatchObject({ status: 400, json: { code, field } });
  });
});

describe('a dead letter', () => {
  test('is got by its id, with its body if that is asked for', async () => {
    const { world } = await refused(2);
    const [, second] = (await call(world, 'GET', '/dead-letters')).json.deadLetters;
    const url = `/dead-letters/${second.deadLetter}`;
    expect(await call(world, 'GET', url)).toMatchObject({ status: 200, json: second });
    expect((await call(world, 'GET', `${url}?body=false`)).json).toEqual(second);
    expect((await call(world, 'GET', `${url}?body=true`)).json).toEqual({ ...second, body: 'secret words' });
    expect(await call(world, 'GET', `${url}?limit=1`)).toMatchObject({
      status: 400,
      json: { code: 'unknown_field', field: 'limit' },
    });
  });

  test('is deleted once, and never posted again', async () => {
    const { world } = await refused(2);
    const [letter, other] = await lettersOf(world);
    const url = `/dead-letters/${letter?.id}`;
    expect(await call(world, 'DELETE', url)).toMatchObject({ status: 204, text: '' });
    for (const [method, path] of [
      ['DELETE', url],
      ['GET', url],
      ['POST', `${url}/replay`],
    ] as const)
      expect(await call(world, method, path)).toMatchObject({
        status: 404,
        json: { code: 'unknown_dead_letter' },
      });
    expect((await onlyLetter(world))?.id).toBe(other?.id);
    expect(world.tasks.size).toBe(0);
  });

  test('is replayed: its hook arrives again, with the same id', async () => {
    const { world } = await refused(2);
    const [letter] = await lettersOf(world);
    const answer = await call(world, 'POST', `/dead-letters/${letter?.id}/replay`);
    expect(answer).toMatchObject({ status: 202, json: { deadLetter: letter?.id } });
    world.app.requests.splice(0);
    await world.pass(60_000);
    expect(world.app.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['message_m0']);
    expect(world.app.hooks).toMatchObject([{ body: 'secret words', time: String(letter?.hook.time) }]);
    expect((await onlyLetter(world))?.hook.id).toBe('message_m1');
  });

  test('comes back under its id if its replay fails again', async () => {
    const { world } = await refused(1);
    const letter = await onlyLetter(world);
    await call(world, 'POST', `/dead-letters/${letter?.id}/replay`);
    expect(await lettersOf(world)).toEqual([]);
    world.app.answers = [answered(403)];
    await world.pass(60_000);
    const again = await onlyLetter(world);
    expect(again).toMatchObject({ id: letter?.id, attempts: 1, why: 'the app answered 403' });
    expect(again?.diedAt).toBeGreaterThan(letter?.diedAt ?? 0);
  });

  test.for(unknownIds.filter((id) => id !== 'replay'))('is not known as %s', async (id) => {
    const { world } = await refused(1);
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/replay'],
    ] as const) {
      const answer = await call(world, method, `/dead-letters/${id}${rest}`);
      expect(answer, method).toMatchObject({ status: 404, json: { code: 'unknown_dead_letter' } });
    }
    expect(await lettersOf(world)).toHaveLength(1);
  });

  test('is kept for 14 days from its death', async () => {
    const { world } = await refused(1);
    const letter = await onlyLetter(world);
    world.clock.skipTo((letter?.diedAt ?? 0) + 14 * 86_400_000 - 1);
    expect((await call(world, 'GET', `/dead-letters/${letter?.id}`)).status).toBe(200);
    world.clock.skipTo(world.clock.now() + 1);
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/replay'],
    ] as const)
      expect((await call(world, method, `/dead-letters/${letter?.id}${rest}`)).status, method).toBe(404);
    expect((await call(world, 'GET', '/dead-letters')).json).toEqual({ deadLetters: [] });
  });
});

describe('POST /dead-letters/replay', () => {
  test('replays all letters, and says which', async () => {
    const { world } = await refused(30);
    const until = world.clock.now();
    const answer = await call(world, 'POST', '/dead-letters/replay');
    expect(answer).toMatchObject({ status: 202, json: { until } });
    world.app.requests.splice(0);
    await world.pass(60_000);
    expect(world.app.requests).toHaveLength(30);
    expect(await lettersOf(world)).toEqual([]);
  });

  test('without any letter replays nothing', async () => {
    const world = timedGateway();
    expect((await call(world, 'POST', '/dead-letters/replay')).status).toBe(202);
    await world.pass(60_000);
    expect(world.app.requests).toEqual([]);
  });
});

test.for([
  ['GET', '/dead-letters'],
  ['GET', '/dead-letters/x'],
  ['DELETE', '/dead-letters/x'],
  ['POST', '/dead-letters/x/replay'],
  ['POST', '/dead-letters/replay'],
] as const)('%s %s is for callers with a key alone', async ([method, path]) => {
  const { world } = await refused(1);
  expect((await call(world, method, path, '')).status).toBe(401);
  expect(await lettersOf(world)).toHaveLength(1);
  expect(world.tasks.size).toBe(0);
});
