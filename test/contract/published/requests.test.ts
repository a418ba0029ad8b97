import { afterAll, beforeAll, expect, test } from 'vitest';
import openapi from '../../../functions/wire/openapi.json' with { type: 'json' };
import { tooManyGroups } from '../../../functions/wire/ticket.ts';
import { type LocalWorld, startLocal } from '../../support/local.ts';
import { openApiSchemas } from './schemas.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

const schema = openApiSchemas(openapi);
const schemas = {
  '/send': schema('Send'),
  '/broadcast': schema('Broadcast'),
  '/urls': schema('UrlRequest'),
};
/** Names of 1,024 bytes together. */
const quarters = ['a', 'b', 'c', 'd'].map((name) => name.repeat(256));
const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `id${at}`);

test.for<[keyof typeof schemas, string, unknown]>([
  ['/send', 'an empty text', { sockets: 'a=', body: '' }],
  ['/send', 'a text to a list with what is no id', { sockets: ['a=', '', 'no id'], body: 'x' }],
  ['/send', 'a text to 1,000', { sockets: ids(1_000), body: 'x' }],
  ['/send', 'a text to 1,001', { sockets: ids(1_001), body: 'x' }],
  ['/send', 'a text to an empty list', { sockets: [], body: 'x' }],
  ['/send', 'a text to an empty id', { sockets: '', body: 'x' }],
  ['/send', 'a text to a number', { sockets: [7], body: 'x' }],
  ['/send', 'a text to null', { sockets: null, body: 'x' }],
  ['/send', 'no text', { sockets: 'a=' }],
  ['/send', 'a number', { sockets: 'a=', body: 7 }],
  ['/send', 'a text with a path', { sockets: 'a=', body: 'x', path: '/' }],
  ['/send', '131,072 bytes', { sockets: 'a=', body: 'x'.repeat(131_072) }],
  ['/send', '131,073 bytes', { sockets: 'a=', body: 'x'.repeat(131_073) }],
  ['/send', 'a list', []],
  ['/broadcast', 'a text', { body: 'x' }],
  ['/broadcast', 'nothing', {}],
  ['/broadcast', 'a text to an empty path and a user', { body: 'x', except: [], path: '', user: 'a' }],
  ['/broadcast', 'a text with one exception', { body: 'x', except: 'a=' }],
  ['/broadcast', 'a text with 1,000 exceptions', { body: 'x', except: ids(1_000) }],
  ['/broadcast', 'a text with 1,001 exceptions', { body: 'x', except: ids(1_001) }],
  ['/broadcast', 'a text to a path of 1,024 bytes', { body: 'x', path: `/${'a'.repeat(1_023)}` }],
  ['/broadcast', 'a text to a path of 1,025 bytes', { body: 'x', path: `/${'a'.repeat(1_024)}` }],
  [
    '/broadcast',
    'a text to a path of 1,025 bytes, without its slash',
    { body: 'x', path: 'a'.repeat(1_024) },
  ],
  ['/broadcast', 'a text to a path with a query', { body: 'x', path: '/a?b' }],
  ['/broadcast', 'a text to a path with a tab', { body: 'x', path: '/a\tb' }],
  ['/broadcast', 'a text to a path with a backslash', { body: 'x', path: '/a\\b' }],
  ['/urls', 'a path with a backslash', { path: '/a\\b' }],
  ['/urls', 'a query with a backslash', { path: '/a?\\b' }],
  ['/broadcast', 'a text to an empty user', { body: 'x', user: '' }],
  ['/broadcast', 'a text to a user with a line feed', { body: 'x', user: 'a\nb' }],
  ['/broadcast', 'a text to a user of 256 bytes', { body: 'x', user: 'u'.repeat(256) }],
  ['/broadcast', 'a text to a user of 257 bytes', { body: 'x', user: 'u'.repeat(257) }],
  ['/broadcast', 'a text to a group', { body: 'x', group: 'g' }],
  ['/broadcast', 'a text to a group of a path and a user', { body: 'x', group: 'g', path: '/', user: 'a' }],
  ['/broadcast', 'a text to an empty group', { body: 'x', group: '' }],
  ['/broadcast', 'a text to two groups', { body: 'x', group: ['g', 'h'] }],
  ['/broadcast', 'a text to a group with a line feed', { body: 'x', group: 'a\nb' }],
  ['/broadcast', 'a text to a group of 256 bytes', { body: 'x', group: 'g'.repeat(256) }],
  ['/broadcast', 'a text to a group of 257 bytes', { body: 'x', group: 'g'.repeat(257) }],
  ['/urls', 'a path with groups', { path: '/', groups: ['g', 'h', 'g'] }],
  ['/urls', 'a path with no groups', { path: '/', groups: [] }],
  ['/urls', 'a path with a group that is text', { path: '/', groups: 'g' }],
  ['/urls', 'a path with an empty group', { path: '/', groups: ['g', ''] }],
  ['/urls', 'a path with a group with a NUL', { path: '/', groups: ['a\u0000b'] }],
  ['/urls', 'a path with a group of 256 bytes', { path: '/', groups: ['g'.repeat(256)] }],
  ['/urls', 'a path with a group of 257 bytes', { path: '/', groups: ['g'.repeat(257)] }],
  ['/urls', 'a path with 50 groups', { path: '/', groups: ids(50) }],
  ['/urls', 'a path with 51 groups', { path: '/', groups: ids(51) }],
  ['/urls', 'a path with the groups null', { path: '/', groups: null }],
  ['/urls', 'a path with a group', { path: '/', group: 'g' }],
  ['/urls', 'an empty path', { path: '' }],
  ['/urls', 'a path of 1,024 bytes, with a query', { path: `/${'a'.repeat(1_023)}?${'x'.repeat(500)}` }],
  ['/urls', 'a path of 1,024 bytes, without its slash', { path: 'a'.repeat(1_023) }],
  ['/urls', 'a path of 1,025 bytes, with a query', { path: `/${'a'.repeat(1_024)}?x` }],
  ['/urls', 'a path of 1,025 bytes, without its slash', { path: 'a'.repeat(1_024) }],
  ['/urls', 'a path with a query, for a day', { path: 'a b?c=d', user: '', expiresIn: 86_400 }],
  ['/urls', 'a path for 0 seconds', { path: '/', expiresIn: 0 }],
  ['/urls', 'a path for 86,401 seconds', { path: '/', expiresIn: 86_401 }],
  ['/urls', 'a path for one and a half', { path: '/', expiresIn: 1.5 }],
  ['/urls', 'a path for a text of seconds', { path: '/', expiresIn: '60' }],
  ['/urls', 'a path for a user with a NUL', { path: '/', user: 'a\u0000b' }],
  ['/urls', 'a path for the user null', { path: '/', user: null }],
  ['/urls', 'a user without a path', { user: 'alice' }],
  ['/urls', 'a path with a ticket', { path: '/', ticket: 'x' }],
])('%s takes %s just if openapi.json says so', async ([path, , document]) => {
  const { status } = await world.api.post(path, document);
  expect(status === 200).toBe(schemas[path](document));
});

test.for<[keyof typeof schemas, string, object]>([
  ['/send', '65,537 letters of two bytes', { sockets: 'a=', body: 'é'.repeat(65_537) }],
  ['/send', 'half a surrogate pair', { sockets: 'a=', body: '\ud800' }],
  ['/broadcast', 'a text to a path of 1,025 bytes when escaped', { body: 'x', path: `/${'é'.repeat(171)}` }],
  ['/broadcast', 'a text to a path with a step up', { body: 'x', path: '/a/../b' }],
  ['/broadcast', 'a text to a user of 258 bytes', { body: 'x', user: 'é'.repeat(129) }],
  ['/urls', 'a path for a user of 258 bytes', { path: '/', user: 'é'.repeat(129) }],
  ['/broadcast', 'a text to a group of 258 bytes', { body: 'x', group: 'é'.repeat(129) }],
  ['/urls', 'a path with groups of 1,025 bytes', { path: '/', groups: [...quarters, 'x'] }],
  ['/urls', 'a query that makes the URL too long', { path: `/?${'x'.repeat(3_500)}` }],
])('%s refuses %s, which only the words of openapi.json say', async ([path, , document]) => {
  expect(schemas[path](document)).toBe(true);
  const { status } = await world.api.post(path, document);
  expect([400, 413]).toContain(status);
});

test('/urls takes groups of 1,024 bytes together', async () => {
  expect((await world.api.post('/urls', { path: '/', groups: quarters })).status).toBe(200);
});

test('a form to /urls repeats its groups, even if there is one', async () => {
  const groupsOf = async (body: string) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const { json } = await world.api.call('POST', '/urls', { headers, body });
    const [, claims = ''] = (new URL(String(json['url'])).searchParams.get('ticket') ?? '').split('.');
    return JSON.parse(Buffer.from(claims, 'base64url').toString()).groups;
  };
  expect(await groupsOf('path=/&groups=room:1')).toEqual(['room:1']);
  expect(await groupsOf('path=/&groups=b&groups=a%26b&groups=b')).toEqual(['b', 'a&b']);
  expect(await groupsOf('path=/')).toBeUndefined();
});

test.for<[document: object, problem: { field: string; detail: string; limit?: number }]>([
  [
    { path: '/', groups: ids(51) },
    { field: 'groups', detail: '"groups" must be at most 50 groups.', limit: 50 },
  ],
  [
    { path: '/', groups: [...quarters, 'x'] },
    { field: 'groups', detail: `"groups" is not allowed: ${tooManyGroups}.`, limit: 1_024 },
  ],
  [
    { path: '/', groups: ['g', 'g'.repeat(257)] },
    { field: 'groups.1', detail: '"groups.1" is not allowed: the name of a group is at most 256 bytes.' },
  ],
  [
    { path: `/?${'x'.repeat(2_500)}`, groups: quarters },
    {
      field: 'path',
      detail: expect.stringMatching(
        /^"path" and "groups" make a URL of \d{4} characters, .* at most 4096\.$/,
      ),
      limit: 4_096,
    },
  ],
  [
    { path: `/?${'x'.repeat(4_000)}` },
    { field: 'path', detail: expect.stringMatching(/^"path" makes a URL of \d{4} characters/), limit: 4_096 },
  ],
])('a refusal of /urls names the field and the limit of %j', async ([document, problem]) => {
  const { status, json } = await world.api.post('/urls', document);
  expect(status).toBe(400);
  expect(json).toMatchObject({ code: 'invalid_field', ...problem });
});

test.for<[string, string]>([
  ['one character', 'k'],
  ['255 characters', 'k'.repeat(255)],
  ['256 characters', 'k'.repeat(256)],
  ['nothing', ''],
  ['spaces inside', 'a  b'],
  ['every mark of ASCII', '!#$%&()*+,-./:;<=>?@[]^_`{|}~'],
  ['a quote inside', 'a"b'],
  ['a quote at the start', '"a'],
  ['a tab inside', 'a\tb'],
  ['a letter that is not ASCII', 'schl\u00fcssel'],
])('a call takes an Idempotency-Key of %s just if openapi.json says so', async ([, key]) => {
  for (const [path, document] of [
    ['/send', { sockets: 'a=', body: 'x' }],
    ['/broadcast', { body: 'x' }],
  ] as const) {
    const { status, json } = await world.api.post(path, document, key);
    expect([path, status === 200]).toEqual([path, schema('IdempotencyKey')(key)]);
    if (status !== 200)
      expect(json).toMatchObject({ code: 'invalid_field', field: 'Idempotency-Key', limit: 255 });
  }
});

test.for<[string, string, string]>([
  ['a quoted string', '"quoted"', 'quoted'],
  ['a quoted string with escapes', '"a\\"b\\\\c"', 'a"b\\c'],
])('%s is the same key as its text', async ([, quoted, text]) => {
  await world.api.send('a=', 'x', quoted);
  expect((await world.api.send('a=', 'x', text)).headers.get('idempotency-replayed')).toBe('true');
});

interface Written {
  readonly content: Readonly<
    Record<string, { readonly examples: Readonly<Record<string, { value: object }>> }>
  >;
}

const examples = Object.entries(openapi.paths).flatMap(([path, calls]) => {
  const content: Written['content'] =
    'post' in calls && 'requestBody' in calls.post ? calls.post.requestBody.content : {};
  const values = Object.values(content).flatMap(({ examples }) => Object.values(examples));
  return values.flatMap(({ value }): [string, string, object][] => [
    ['application/json', path, value],
    ['application/x-www-form-urlencoded', path, value],
  ]);
});

test('each call that takes a body has examples of it', () => {
  expect(examples.length).toBeGreaterThanOrEqual(6);
});

test.for(examples)('the gateway takes the example of %s to %s, %j', async ([type, path, document]) => {
  const form = (): string => {
    const pairs = Object.entries(document).flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, String(each)]),
    );
    return new URLSearchParams(pairs).toString();
  };
  const body = type === 'application/json' ? JSON.stringify(document) : form();
  const headers = { 'Content-Type': type };
  expect((await world.api.call('POST', path, { headers, body })).status).toBe(200);
});
