import { expect, test } from 'vitest';
import { hookEvents, hookFields, hookUrl } from '../../functions/wire/hook.ts';
import { aHook, socketId } from './a-hook.ts';

test('the hooks are those of a socket in the order of its life, then those of a user of a group', () => {
  expect(hookEvents).toEqual(['handshake', 'message', 'closed', 'joined', 'left']);
});

test('a hook has all its fields in their order, empty if there is nothing to say', () => {
  expect(Object.entries(hookFields(aHook()))).toEqual([
    ['event', 'handshake'],
    ['from', socketId],
    ['body', ''],
    ['path', '/'],
    ['query', ''],
    ['user', ''],
    ['state', ''],
    ['origin', ''],
    ['groups', '[]'],
    ['code', ''],
    ['reason', ''],
    ['time', '1764000000000'],
  ]);
});

test('a joined or left hook has its group and its number besides, after the fields of every hook', () => {
  for (const event of ['joined', 'left'] as const) {
    const names = Object.keys(hookFields(aHook({ event })));
    expect(names, event).toEqual([...Object.keys(hookFields(aHook())), 'group', 'sequence']);
    expect(hookFields(aHook({ event })), event).toMatchObject({
      event,
      group: 'room:1',
      sequence: '1764000000000',
    });
  }
});

test("a client's query fills no field of the hook but its own", () => {
  const query = 'event=closed&from=x&user=admin&state=x';
  const fields = hookFields(aHook({ query }));
  expect(fields).toMatchObject({ event: 'handshake', from: socketId, user: '', state: '', query });
});

test.for<[path: string, query: string, url: string]>([
  ['/', '', 'https://app.example/handshake/'],
  ['/foo/', '', 'https://app.example/handshake/foo/'],
  ['/a%20b%2Fc', 'x=1?&y', 'https://app.example/handshake/a%20b%2Fc?x=1?&y'],
])('a hook of %j with the query %j is posted to %j', ([path, query, url]) => {
  expect(hookUrl(aHook({ path, query }), 'https://app.example')).toBe(url);
});

test('the event stands between the base URL and the path', () => {
  expect(hookUrl(aHook({ event: 'closed', path: '/foo' }), 'http://app/_ah/websocket')).toBe(
    'http://app/_ah/websocket/closed/foo',
  );
});
