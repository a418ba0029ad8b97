import { expect, test } from 'vitest';
import { userPage } from '../../functions/local/user-page.ts';
import { aGroup, aRecord } from '../fakes/a-record.ts';

const group = aGroup('room');

/** Members of a group with these users. */
function membersOf(...users: readonly string[]) {
  return users.map((user) => ({ record: aRecord({ user }) }));
}

test('users are in the order of their names, each once with the number of its sockets', async () => {
  const page = await userPage(group, membersOf('bob', 'alice', 'bob', 'Zoe', 'bob'), 10);
  expect(page).toEqual({
    users: [
      { user: 'Zoe', sockets: 1 },
      { user: 'alice', sockets: 1 },
      { user: 'bob', sockets: 3 },
    ],
  });
});

test('sockets without a user are not listed', async () => {
  expect(await userPage(group, membersOf('', '', 'alice'), 10)).toEqual({
    users: [{ user: 'alice', sockets: 1 }],
  });
  expect(await userPage(group, membersOf('', ''), 10)).toEqual({ users: [] });
});

test('a page has no cursor if it holds all users, and one if there is one more', async () => {
  const members = membersOf('a', 'b', 'c');
  expect(await userPage(group, members, 3)).not.toHaveProperty('cursor');
  expect(await userPage(group, members, 2)).toHaveProperty('cursor');
});

test('pages follow one another without a gap or a repetition, even if a user joins or leaves between them', async () => {
  const first = await userPage(group, membersOf('b', 'd', 'f'), 2);
  expect(first?.users.map(({ user }) => user)).toEqual(['b', 'd']);
  const next = await userPage(group, membersOf('a', 'b', 'e', 'f'), 2, first?.cursor);
  expect(next).toEqual({
    users: [
      { user: 'e', sockets: 1 },
      { user: 'f', sockets: 1 },
    ],
  });
});

test.for(['日本', 'a b', '😀', '~', 'x'.repeat(256)])('a page continues after the user %j', async (user) => {
  const members = membersOf(user, '\uffee');
  const first = await userPage(group, members, 1);
  expect(first?.users).toEqual([{ user, sockets: 1 }]);
  expect(await userPage(group, members, 1, first?.cursor)).toEqual({
    users: [{ user: '\uffee', sockets: 1 }],
  });
});

test.for(['', '!', 'YQ==', 'YQ ', 'YR', Buffer.from('0.alice').toString('base64url'), 'x'.repeat(400)])(
  'the cursor %j is not valid',
  async (cursor) => {
    expect(await userPage(group, membersOf('alice'), 10, cursor)).toBeUndefined();
  },
);

test('a cursor is at most 352 characters of a URL', async () => {
  const page = await userPage(group, membersOf('x'.repeat(256), 'y'), 1);
  expect(page?.cursor).toMatch(/^[\w-]{350,352}$/);
});

test('the pages of many users, in whatever order they joined, are those of the sorted list', async () => {
  const names = Array.from({ length: 500 }, (_, at) => `user ${(at * 7_919) % 211}`);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const expected = [...counts].map(([user, sockets]) => ({ user, sockets }));
  expected.sort((one, other) => (one.user < other.user ? -1 : 1));
  for (const limit of [1, 2, 7, 210, 211, 212]) {
    const users: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await userPage(group, membersOf(...names), limit, cursor);
      users.push(...(page?.users ?? []));
      cursor = page?.cursor;
    } while (cursor !== undefined);
    expect(users, `pages of ${limit}`).toEqual(expected);
  }
});

test('other work goes on while the users of a large group are counted', async () => {
  const members = Array.from({ length: 50_000 }, (_, at) => ({ record: aRecord({ user: `user ${at}` }) }));
  let turns = 0;
  let isCounting = true;
  const turn = (): void => {
    turns += 1;
    if (isCounting) setImmediate(turn);
  };
  setImmediate(turn);
  const page = await userPage(group, members, 1_000);
  isCounting = false;
  expect(page?.users).toHaveLength(1_000);
  expect(turns, 'turns of the event loop').toBeGreaterThanOrEqual(20);
});
