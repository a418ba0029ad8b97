import { expect, test } from 'vitest';
import { broadcastSchema, sendSchema } from '../../functions/wire/deliveries.ts';
import { readBy } from '../../functions/wire/schema.ts';

const readSend = (document: unknown) => readBy(sendSchema(131_072), document);
const readBroadcast = (document: unknown) => readBy(broadcastSchema(131_072), document);
const ids = (count: number) => Array.from({ length: count }, (_, index) => `socket-${index}=`);

test.for<[sockets: unknown, read: string[], malformed: string[]]>([
  ['a=', ['a='], []],
  [['a='], ['a='], []],
  [['b=', 'a=', 'b='], ['b=', 'a='], []],
  [['a=', 'x y', '', '日本'], ['a='], ['x y', '', '日本']],
  ['x y', [], ['x y']],
  [['x'.repeat(128), 'y'.repeat(129)], ['x'.repeat(128)], ['y'.repeat(129)]],
])('a send to %j is for %j, and %j are gone', ([sockets, read, malformed]) => {
  const value = { sockets: read, malformed, body: 'hi' };
  expect(readSend({ sockets, body: 'hi' })).toEqual({ ok: true, value });
});

test('a send is to at most 1,000 sockets', () => {
  expect(readSend({ sockets: ids(1_000), body: '' })).toMatchObject({ value: { sockets: ids(1_000) } });
  const detail = '"sockets" must be at most 1000 sockets.';
  const error = { code: 'invalid_field', detail, field: 'sockets', limit: 1_000 };
  expect(readSend({ sockets: ids(1_001), body: '' })).toEqual({ ok: false, error });
});

test.for([[], ''])('a send to %j names nobody and is refused', (sockets) => {
  const error = {
    code: 'invalid_field',
    detail: '"sockets" must name at least one socket.',
    field: 'sockets',
  };
  expect(readSend({ sockets, body: 'x' })).toMatchObject({ ok: false, error });
});

test.for([null, 7, {}, [7], ['a', null], [['a']]])('%j is no list of sockets', (sockets) => {
  const error = { code: 'invalid_field', field: 'sockets' };
  expect(readSend({ sockets, body: 'x' })).toMatchObject({ ok: false, error });
});

test.for<[field: string, document: object]>([
  ['sockets', { body: 'x' }],
  ['body', { sockets: 'a' }],
])('a send without %s is refused', ([field, document]) => {
  const error = { code: 'missing_field', detail: `"${field}" is missing.`, field };
  expect(readSend(document)).toEqual({ ok: false, error });
});

test('a body over the limit is too large, whoever it is for', () => {
  const body = 'x'.repeat(131_072);
  expect(readSend({ sockets: 'a', body })).toMatchObject({ ok: true });
  expect(readBroadcast({ body })).toMatchObject({ ok: true });
  const detail = '"body" must be at most 131072 bytes of UTF-8.';
  const refused = { ok: false, error: { code: 'body_too_large', detail, field: 'body', limit: 131_072 } };
  expect(readSend({ sockets: 'a', body: `${body}x` })).toEqual(refused);
  expect(readBroadcast({ body: `${body}x` })).toEqual(refused);
});

test('a broadcast is for all', () => {
  const value = { body: 'hi', except: [] };
  expect(readBroadcast({ body: 'hi' })).toEqual({ ok: true, value });
});

test('a broadcast is narrowed to a path, a user and a group, less those excepted', () => {
  const document = { body: 'hi', except: ['a=', 'x y'], path: 'room/a b', user: 'alice', group: 'room:1' };
  const value = { body: 'hi', except: ['a='], path: '/room/a%20b', user: 'alice', group: 'room:1' };
  expect(readBroadcast(document)).toEqual({ ok: true, value });
});

test('a broadcast excepts at most 1,000 sockets', () => {
  expect(readBroadcast({ body: '', except: ids(1_000) })).toMatchObject({ value: { except: ids(1_000) } });
  const error = { code: 'invalid_field', field: 'except', limit: 1_000 };
  expect(readBroadcast({ body: '', except: ids(1_001) })).toMatchObject({ ok: false, error });
});

test.for<[field: string, changes: object]>([
  ['body', { body: 7 }],
  ['body', { body: 'a\ud800' }],
  ['except', { except: 'a=' }],
  ['except.1', { except: ['a=', 7] }],
  ['path', { path: 7 }],
  ['path', { path: '/../x' }],
  ['path', { path: '/a\ud800' }],
  ['path', { path: `/${'a'.repeat(1_024)}` }],
  ['user', { user: '' }],
  ['user', { user: null }],
  ['user', { user: 'x'.repeat(257) }],
  ['user', { user: 'a\nb' }],
  ['group', { group: '' }],
  ['group', { group: null }],
  ['group', { group: ['a'] }],
  ['group', { group: 'x'.repeat(257) }],
  ['group', { group: 'a\nb' }],
])('the %s of a broadcast is at fault in %j', ([field, changes]) => {
  const error = { code: 'invalid_field', field };
  expect(readBroadcast({ body: 'x', ...changes })).toMatchObject({ ok: false, error });
});

test.for(['groups', 'sockets', 'Body'])('%s is not a field of a broadcast', (field) => {
  const error = { code: 'unknown_field', detail: `"${field}" is not a field here.`, field };
  expect(readBroadcast({ body: 'x', [field]: 'x' })).toEqual({ ok: false, error });
});

test('a broadcast without a body is refused', () => {
  const error = { code: 'missing_field', detail: '"body" is missing.', field: 'body' };
  expect(readBroadcast({ except: [] })).toEqual({ ok: false, error });
});
