import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  ArgumentError,
  type DeadLetter,
  deleteDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from '../../sdk/index.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
  process.env['SOCKETHOOK_API_KEY'] = testSecrets.apiKeys[0];
});
afterAll(() => world.stop());

/** An answer that comes a moment later, so that the hook dies after it happened. */
const later = (status: number) => new Promise<number>((resolve) => setTimeout(resolve, 5, status));

const all = async (): Promise<readonly DeadLetter[]> => (await listDeadLetters({ limit: 1_000 })).deadLetters;

/** Has the app refuse this many messages of a path, and accept whatever comes later. */
async function refused(path: string, count = 1): Promise<{ client: Client; letters: readonly DeadLetter[] }> {
  let left = count;
  world.app.on(path, ({ fields }) => (fields['event'] === 'message' && left-- > 0 ? later(422) : 204));
  const client = await connect(`${world.url}${path}`);
  for (let at = 0; at < count; at++) client.send(`message ${at}`);
  let letters: readonly DeadLetter[] = [];
  await eventually('the letters', async () => {
    letters = (await all()).filter((letter) => letter.path === path);
    return letters.length === count;
  });
  return { client, letters };
}

test('a dead letter is listed and got, with its body if that is asked for', async () => {
  const { client, letters } = await refused('/one');
  const [letter] = letters;
  const { fields } = await world.app.hook('/one', 'message');
  expect(letter).toEqual({
    deadLetter: letter?.deadLetter,
    event: 'message',
    socket: fields['from'],
    path: '/one',
    user: '',
    attempts: 1,
    lastError: 'the app answered 422',
    time: new Date(Number(fields['time'])),
    diedAt: letter?.diedAt,
  });
  const id = letter?.deadLetter ?? '';
  const { json } = await world.api.call('GET', `/dead-letters/${id}`);
  expect(letter?.diedAt).toEqual(new Date(Number(json['diedAt'])));
  expect(Number(json['diedAt'])).toBeGreaterThan(Number(json['time']));
  expect(await getDeadLetter(id)).toEqual(letter);
  const whole = { ...letter, body: 'message 0' };
  expect(await getDeadLetter(id, { body: true })).toEqual(whole);
  expect((await listDeadLetters({ body: true })).deadLetters).toContainEqual(whole);
  expect((await listDeadLetters({ body: false })).deadLetters).toContainEqual(letter);
  expect(await deleteDeadLetter(id), 'a known one').toBe(true);
  expect(await deleteDeadLetter(id), 'again').toBe(false);
  expect(await getDeadLetter(id)).toBeUndefined();
  await client.close();
});

test('a dead letter of a joined hook names its group and its number', async () => {
  const other = await startLocal({ HOOKS: 'handshake,joined,left' });
  onTestFinished(async () => {
    process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
    await other.stop();
  });
  process.env['SOCKETHOOK_API_URL'] = other.gateway.apiUrl;
  other.app.on('/joined', ({ fields }) =>
    fields['event'] === 'handshake' ? actions({ user: 'alice', join: ['room:1'] }) : 422,
  );
  const client = await connect(`${other.url}/joined`);
  const { fields } = await other.app.hook('/joined', 'joined');
  let letters: readonly DeadLetter[] = [];
  await eventually('the letter', async () => {
    letters = await all();
    return letters.length === 1;
  });
  expect(letters).toMatchObject([
    {
      event: 'joined',
      user: 'alice',
      group: 'room:1',
      sequence: Number(fields['sequence']),
      path: '/joined',
    },
  ]);
  await client.close();
});

test('dead letters are listed in pages', async () => {
  const { client, letters } = await refused('/pages', 3);
  const first = await listDeadLetters({ limit: 2 });
  const { cursor = '' } = first;
  const second = await listDeadLetters({ limit: 2, cursor });
  expect([first.deadLetters.length, second.deadLetters.length]).toEqual([2, 1]);
  expect([...first.deadLetters, ...second.deadLetters]).toEqual(letters);
  expect(second.cursor).toBeUndefined();
  for (const { deadLetter } of letters) await deleteDeadLetter(deadLetter);
  expect(await listDeadLetters()).toEqual({ deadLetters: [] });
  await client.close();
});

test('a dead letter that is replayed arrives again, and is no letter any more', async () => {
  const { client, letters } = await refused('/replay');
  const id = letters[0]?.deadLetter ?? '';
  expect(await replayDeadLetter(id)).toBe(true);
  await eventually('the replay', () => world.app.of('/replay', 'message').length === 2);
  expect(await replayDeadLetter(id)).toBe(false);
  await client.close();
});

test('all dead letters that are replayed arrive again', async () => {
  const { client } = await refused('/all', 3);
  await replayDeadLetters();
  await eventually('the replays', () => world.app.of('/all', 'message').length === 6);
  expect(await all()).toEqual([]);
  await client.close();
});

test.for(['0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw', 'replay', 'a/b', '..', 'a b'])(
  'no dead letter is known as %j',
  async (id) => {
    expect(await getDeadLetter(id, { body: true })).toBeUndefined();
    expect(await replayDeadLetter(id)).toBe(false);
    expect(await deleteDeadLetter(id)).toBe(false);
  },
);

test('what cannot be an argument is an error that names it, and nothing is called', async () => {
  for (const call of [getDeadLetter, replayDeadLetter, deleteDeadLetter]) {
    await expect(call('')).rejects.toThrow(ArgumentError);
    await expect(call('')).rejects.toThrow('"deadLetter" must be the id of a dead letter.');
  }
  for (const limit of [0, 1_001, 1.5]) {
    const listed = listDeadLetters({ limit });
    await expect(listed, String(limit)).rejects.toThrow('"limit" must be a whole number from 1 to 1000.');
  }
  for (const limit of [1, 1_000]) await listDeadLetters({ limit });
  await expect(listDeadLetters({ cursor: '' })).rejects.toThrow('"cursor" must be');
  const text: unknown = 'true';
  // @ts-expect-error: a caller without types.
  await expect(listDeadLetters({ body: text })).rejects.toThrow('"body" must be true or false.');
});
