import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

type Row = Readonly<Record<string, unknown>>;

/** A well-formed id that no letter has. */
const nobodys = '0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw';

/** The letters of a path, page by page. Other tests may have letters too. */
export async function lettersIn({ api }: GatewayWorld, path: string, query = 'limit=1000'): Promise<Row[]> {
  const found: Row[] = [];
  for (let cursor = ''; ; ) {
    const { status, json } = await api.call('GET', `/dead-letters?${query}${cursor}`);
    expect(status).toBe(200);
    if (!Array.isArray(json['deadLetters'])) throw new Error('There is no list.');
    found.push(...json['deadLetters'].filter((row: Row) => row['path'] === path));
    if (json['cursor'] === undefined) return found;
    cursor = `&cursor=${encodeURIComponent(String(json['cursor']))}`;
  }
}

/** Hooks that fail: tried again, kept as dead letters, listed, replayed and deleted. */
export function deadLettersContract(subject: Subject): void {
  describe(`${subject.name}: dead letters`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ HOOK_TIMEOUT_MS: '1000' });
    });
    afterAll(() => world.stop());

    const lettersOf = (path: string, query?: string): Promise<Row[]> => lettersIn(world, path, query);

    /** Waits until a path has this many letters. */
    const someLetters = async (path: string, count: number): Promise<Row[]> => {
      let rows: Row[] = [];
      await eventually(`${count} dead letters`, async () => {
        rows = await lettersOf(path);
        return rows.length >= count;
      });
      expect(rows).toHaveLength(count);
      return rows;
    };

    /** A client whose message the app answers with each of these in turn, and then accepts. */
    const say = async (path: string, answers: Answer[], body = 'hello'): Promise<Client> => {
      world.app.on(path, ({ fields }) => (fields['event'] === 'message' ? (answers.shift() ?? 204) : 204));
      const client = await connect(world.at(path));
      client.send(body);
      return client;
    };

    /** The letter of a message that the app has refused, and the client that sent it. */
    const refused = async (answers: Answer[] = [400]) => {
      const path = freshPath();
      const client = await say(path, answers);
      const [row = {}] = await someLetters(path, 1);
      return { path, client, row, at: `/dead-letters/${row['deadLetter']}` };
    };

    const idsOf = (path: string) => world.app.of(path, 'message').map(({ headers }) => headers['webhook-id']);

    test.for<[string, Answer[]]>([
      ['is overloaded', [503]],
      ['answers too late', ['hang']],
      ['is behind a proxy that can’t reach it, twice', [502, 504]],
    ])('a message whose app %s for a moment arrives again, under the same id', async ([, answers]) => {
      const path = freshPath();
      const count = answers.length + 1;
      const client = await say(path, [...answers, actions({ reply: 'at last' })]);
      expect(await client.next()).toBe('at last');
      expect(new Set(idsOf(path)).size).toBe(1);
      expect(idsOf(path)).toHaveLength(count);
      expect(new Set(world.app.of(path, 'message').map(({ raw }) => raw)).size).toBe(1);
      expect(await lettersOf(path)).toEqual([]);
      await client.close();
    });

    test('a message that the app refuses is a dead letter, which is listed with its body if that is asked for', async () => {
      const { path, client, row, at } = await refused([422]);
      const hook = await world.app.hook(path, 'message');
      expect(row).toEqual({
        deadLetter: row['deadLetter'],
        event: 'message',
        socket: hook.fields['from'],
        path,
        user: '',
        attempts: 1,
        lastError: 'the app answered 422',
        time: Number(hook.fields['time']),
        diedAt: row['diedAt'],
      });
      expect(Number(row['diedAt'])).toBeGreaterThanOrEqual(Number(row['time']));
      const whole = { ...row, body: 'hello' };
      expect(await lettersOf(path, 'body=true')).toEqual([whole]);
      expect((await world.api.call('GET', at)).json).toEqual(row);
      expect((await world.api.call('GET', `${at}?body=true`)).json).toEqual(whole);
      await client.close();
    });

    test('a dead letter that is replayed arrives as it was, and is gone', async () => {
      const { path, client, row, at } = await refused();
      const answer = await world.api.call('POST', `${at}/replay`);
      expect([answer.status, answer.json]).toEqual([202, { deadLetter: row['deadLetter'] }]);
      await eventually('the replay', () => world.app.of(path, 'message').length >= 2);
      const [first, second] = world.app.of(path, 'message');
      expect(second?.raw).toBe(first?.raw);
      expect(second?.url).toBe(first?.url);
      expect(new Set(idsOf(path)).size).toBe(1);
      expect((await world.api.call('GET', at)).status).toBe(404);
      expect(await lettersOf(path)).toEqual([]);
      await client.close();
    });

    test('a replay has its reply brought to a client that is still there', async () => {
      const { client, at } = await refused([400, actions({ reply: 'now I see' })]);
      await world.api.call('POST', `${at}/replay`);
      expect(await client.next()).toBe('now I see');
      await client.close();
    });

    test('a replay that fails again is a letter again, with the same id and a later death', async () => {
      const { path, client, row, at } = await refused([400, 403]);
      expect((await world.api.call('POST', `${at}/replay`)).status).toBe(202);
      await eventually(
        'it is back',
        async () => (await world.api.call('GET', at)).json['lastError'] === 'the app answered 403',
      );
      const [again = {}] = await someLetters(path, 1);
      expect(again).toEqual({ ...row, lastError: 'the app answered 403', diedAt: again['diedAt'] });
      expect(Number(again['diedAt'])).toBeGreaterThan(Number(row['diedAt']));
      expect(world.app.of(path, 'message')).toHaveLength(2);
      await client.close();
    });

    test('a dead letter that is deleted is gone for good', async () => {
      const { path, client, at } = await refused();
      expect((await world.api.call('DELETE', at)).status).toBe(204);
      for (const [method, call] of [
        ['DELETE', at],
        ['GET', at],
        ['POST', `${at}/replay`],
      ] as const) {
        const { status, json } = await world.api.call(method, call);
        expect([status, json['code']], method).toEqual([404, 'unknown_dead_letter']);
      }
      expect(await lettersOf(path)).toEqual([]);
      expect(world.app.of(path, 'message')).toHaveLength(1);
      await client.close();
    });

    test('a message that is answered with actions that are not valid is a dead letter that says why', async () => {
      const { client, row } = await refused([actions({ reply: 7 })]);
      expect(row['lastError']).toBe('the actions of the answer are not valid: "reply" must be text.');
      await client.close();
    });

    test('a closed hook that the app refuses is a dead letter, and its replay arrives', async () => {
      const path = freshPath();
      const answers: Answer[] = [410];
      world.app.on(path, ({ fields }) => (fields['event'] === 'closed' ? (answers.shift() ?? 204) : 204));
      const client = await connect(world.at(path));
      await client.close(3001, 'bye');
      const [row = {}] = await someLetters(path, 1);
      expect(row).toMatchObject({ event: 'closed', lastError: 'the app answered 410' });
      await world.api.call('POST', `/dead-letters/${row['deadLetter']}/replay`);
      await eventually('the replay', () => world.app.of(path, 'closed').length >= 2);
      const [first, second] = world.app.of(path, 'closed');
      expect(second?.fields).toEqual(first?.fields);
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
      expect(await lettersOf(path)).toEqual([]);
    });

    test('the letters of many messages are listed in pages, each once', async () => {
      const path = freshPath();
      const client = await say(path, [400, 400, 400], 'one');
      client.send('two');
      client.send('three');
      const rows = await someLetters(path, 3);
      for (const query of ['limit=1', 'limit=2', 'limit=2&body=true']) {
        const paged = await lettersOf(path, query);
        expect(
          paged.map(({ deadLetter }) => deadLetter),
          query,
        ).toEqual(rows.map(({ deadLetter }) => deadLetter));
      }
      const times = rows.map(({ time }) => Number(time));
      expect(times).toEqual([...times].sort((one, other) => one - other));
      await client.close();
    });

    test('a replay of all posts each letter again', async () => {
      const path = freshPath();
      const client = await say(path, [400, 400, 400], 'one');
      client.send('two');
      client.send('three');
      await someLetters(path, 3);
      const { status, json } = await world.api.call('POST', '/dead-letters/replay');
      expect([status, Object.keys(json)]).toEqual([202, ['until']]);
      await eventually('all arrive', () => world.app.of(path, 'message').length >= 6);
      await eventually('no letter is left', async () => (await lettersOf(path)).length === 0);
      const counts = new Map<unknown, number>();
      for (const id of idsOf(path)) counts.set(id, (counts.get(id) ?? 0) + 1);
      expect([...counts.values()]).toEqual([2, 2, 2]);
      await client.close();
    });

    test.for([nobodys, 'x', 'a%20b'])('no dead letter is known as %s', async (id) => {
      for (const [method, call] of [
        ['GET', `/dead-letters/${id}`],
        ['DELETE', `/dead-letters/${id}`],
        ['POST', `/dead-letters/${id}/replay`],
      ] as const) {
        const { status, json } = await world.api.call(method, call);
        expect([status, json['code']], method).toEqual([404, 'unknown_dead_letter']);
      }
    });

    test.for([
      ['cursor=!', 'cursor'],
      ['cursor=', 'cursor'],
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['body=1', 'body'],
      ['bodies=true', 'bodies'],
    ] as const)('a list with %s is refused, and the answer names the field', async ([query, field]) => {
      const { status, json } = await world.api.call('GET', `/dead-letters?${query}`);
      expect([status, json['field']]).toEqual([400, field]);
    });
  });
}
