import { beforeEach, expect, test } from 'vitest';
import { parseGroup } from '../../functions/wire/group.ts';
import { hooks, MemorySeenIds, type Message, refuse } from '../../sdk/index.ts';
import { testSecrets } from '../support/local.ts';
import { aHook } from '../wire/a-hook.ts';
import { must } from '../wire/must.ts';
import { changed, signedRequest } from './signed.ts';

const [first = '', second = ''] = testSecrets.webhookSecrets;
const told: Message[] = [];
const listening = hooks(
  {
    handshake: (message) => void told.push(message),
    message: (message) => void told.push(message),
    closed: (message) => void told.push(message),
    joined: (message) => void told.push(message),
    left: (message) => void told.push(message),
  },
  { seen: false },
);

beforeEach(() => {
  told.length = 0;
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = first;
});

const closed = () =>
  aHook({ event: 'closed', id: 'closed_1', path: '/foo/bar', query: 'x=1', code: '1000', user: 'alice' });

test.for(['form', 'json'] as const)('a hook in %s becomes a message', async (format) => {
  const hook = aHook({
    event: 'closed',
    id: 'closed_1',
    path: '/a%20b%2Fc/%C3%A9',
    query: "x=1&y='2'",
    user: 'alice',
    state: '{"a":1}',
    origin: 'https://page.example',
    code: '4001',
    reason: '日本\r\n',
    time: 1_764_000_000_123,
  });
  expect((await listening(signedRequest(hook, { format }))).status).toBe(204);
  const [message] = told;
  expect(message).toMatchObject({
    event: 'closed',
    socket: hook.socket,
    body: '',
    path: '/a%20b%2Fc/%C3%A9',
    query: "x=1&y='2'",
    user: 'alice',
    state: '{"a":1}',
    origin: 'https://page.example',
    id: 'closed_1',
    code: 4001,
    reason: '日本\r\n',
    time: new Date(1_764_000_000_123),
  });
  expect(message?.request.headers.get('webhook-id')).toBe('closed_1');
});

test.for([
  ['joined', 'form'],
  ['joined', 'json'],
  ['left', 'form'],
  ['left', 'json'],
] as const)('a %s hook in %s names the user, the group and its number', async ([event, format]) => {
  const group = '"a", b&c=日本';
  const presence = { group: must(parseGroup(group)), sequence: 1_764_000_000_123 };
  const hook = aHook({ event, id: `${event}_1`, path: '/a%20b', user: 'alice', presence });
  expect((await listening(signedRequest(hook, { format }))).status).toBe(204);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    event,
    socket: hook.socket,
    user: 'alice',
    path: '/a%20b',
    group,
    sequence: 1_764_000_000_123,
    groups: [],
    code: undefined,
  });
});

test('a hook about a socket has no group and the number 0', async () => {
  await listening(signedRequest(closed()));
  expect(told).toMatchObject([{ group: '', sequence: 0 }]);
});

test('a captured joined hook that is sent to the URL of left gets 401, and so the other way round', async () => {
  for (const [event, other] of [
    ['joined', 'left'],
    ['left', 'joined'],
  ] as const) {
    const request = signedRequest(aHook({ event, id: `${event}_1`, path: '/foo' }));
    const url = `https://app.example/websocket/${other}/foo`;
    expect((await listening(await changed(request, { url }))).status, event).toBe(401);
  }
  expect(told).toEqual([]);
});

test('a client whose path says left is not taken for a hook about a user', async () => {
  const hook = aHook({ event: 'message', id: 'message_1', path: '/left/joined' });
  expect((await listening(signedRequest(hook))).status).toBe(204);
  expect(told).toMatchObject([{ event: 'message', path: '/left/joined' }]);
});

const inGroups = (...names: readonly string[]) => names.map((name) => must(parseGroup(name)));

test.for(['form', 'json'] as const)('the groups of a hook in %s are a list', async (format) => {
  const groups = inGroups('room:1', '日本', '"a", b', '[]');
  await listening(signedRequest(aHook({ groups }), { format }));
  await listening(signedRequest(aHook(), { format }));
  expect(told.map((message) => message.groups)).toEqual([['room:1', '日本', '"a", b', '[]'], []]);
});

test.for<[format: 'form' | 'json', groups: string]>([
  ['form', 'room:1'],
  ['form', '{}'],
  ['form', '["a",7]'],
  ['json', '"room:1"'],
  ['json', '{}'],
  ['json', '["a",7]'],
])('a signed hook in %s whose groups are %s gets 401, and no handler runs', async ([format, groups]) => {
  const request = signedRequest(aHook(), { format, groups });
  expect((await listening(request)).status).toBe(401);
  expect(told).toEqual([]);
});

test.for(['form', 'json'] as const)(
  'a hook in %s of a gateway that knows no groups has none',
  async (format) => {
    const request = signedRequest(aHook({ event: 'message', id: 'message_1' }), {
      format,
      groups: undefined,
    });
    expect((await listening(request)).status).toBe(204);
    expect(told[0]?.groups).toEqual([]);
  },
);

test('a handshake’s request has the client’s headers', async () => {
  const hook = aHook({ clientHeaders: { Cookie: 'session=1', 'Accept-Language': 'de' } });
  await listening(signedRequest(hook));
  expect(told[0]?.request.headers.get('cookie')).toBe('session=1');
  expect(told[0]?.code).toBeUndefined();
});

test.for<[string, string]>([
  ['the handshake URL', 'https://app.example/websocket/handshake/foo/bar?x=1'],
  ['the message URL', 'https://app.example/websocket/message/foo/bar?x=1'],
  ['another path', 'https://app.example/websocket/closed/foo/baz?x=1'],
  ['a longer path', 'https://app.example/websocket/closed/foo/bar/?x=1'],
  ['a path that says closed', 'https://app.example/websocket/handshake/closed/foo/bar?x=1'],
  ['the same path, escaped otherwise', 'https://app.example/websocket/closed/foo%2Fbar?x=1'],
  ['another user in the query', 'https://app.example/websocket/closed/foo/bar?x=1&user=eve'],
  ['no query', 'https://app.example/websocket/closed/foo/bar'],
  ['a URL that is no hook’s', 'https://app.example/websocket/foo/bar?x=1'],
])('a captured closed hook that is sent to %s gets 401, and no handler runs', async ([, url]) => {
  const response = await listening(await changed(signedRequest(closed()), { url }));
  expect(response.status).toBe(401);
  expect(told).toEqual([]);
});

test('a hook that the app mounts elsewhere is good wherever that is', async () => {
  const url = 'https://app.example/deep/down/closed/foo/bar?x=1';
  expect((await listening(await changed(signedRequest(closed()), { url }))).status).toBe(204);
});

test.for<[string, Record<string, string | undefined>]>([
  ['no id', { 'webhook-id': undefined }],
  ['no timestamp', { 'webhook-timestamp': undefined }],
  ['no signature', { 'webhook-signature': undefined }],
  ['an empty signature', { 'webhook-signature': '' }],
  ['another id', { 'webhook-id': 'closed_2' }],
  ['another timestamp', { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 7) }],
  ['a timestamp that is no number', { 'webhook-timestamp': 'now' }],
  ['another version of the signature', { 'webhook-signature': 'v2,AAAA' }],
])('a hook with %s gets 401, and no handler runs', async ([, headers]) => {
  expect((await listening(await changed(signedRequest(closed()), { headers }))).status).toBe(401);
  expect(told).toEqual([]);
});

test('a hook with any one byte of its body changed gets 401', async () => {
  const body = new Uint8Array(await signedRequest(closed()).arrayBuffer());
  for (let at = 0; at < body.length; at++) {
    const other = body.slice();
    other[at] = (other[at] ?? 0) ^ 1;
    expect((await listening(await changed(signedRequest(closed()), { body: other }))).status).toBe(401);
  }
  expect(told).toEqual([]);
});

test('a hook is good for 5 minutes, before and after, and not for longer', async () => {
  const status = async (at: number) => (await listening(signedRequest(closed(), { at }))).status;
  const now = Date.now();
  expect(await Promise.all([status(now - 298_000), status(now + 298_000)])).toEqual([204, 204]);
  expect(await Promise.all([status(now - 302_000), status(now + 302_000)])).toEqual([401, 401]);
});

test('of two secrets, at the gateway or at the app, either verifies, and a third does not', async () => {
  for (const secret of [first, second, `${second} , ${first}`]) {
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = secret;
    expect((await listening(signedRequest(closed()))).status).toBe(204);
  }
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = `${second},${first}`;
  expect((await listening(signedRequest(closed(), { secrets: [first] }))).status).toBe(204);
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = `whsec_${Buffer.alloc(32).toString('base64')}`;
  expect((await listening(signedRequest(closed()))).status).toBe(401);
});

test('an endless body is not read to its end', async () => {
  let sent = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const request = new Request('https://app.example/websocket/message/', {
    method: 'POST',
    body: endless,
    duplex: 'half',
  });
  expect((await listening(request)).status).toBe(413);
  expect(sent).toBeLessThan(2_097_152);
});

test('what is no POST gets 405, and what is too large gets 413', async () => {
  expect((await listening(await changed(signedRequest(closed()), { method: 'GET' }))).status).toBe(405);
  const large = async (bytes: number) =>
    (await listening(await changed(signedRequest(closed()), { body: 'x'.repeat(bytes) }))).status;
  expect([await large(1_048_576), await large(1_048_577)]).toEqual([401, 413]);
  const roomy = hooks({}, { maxBytes: 2_000_000 });
  const body = 'x'.repeat(1_048_577);
  expect((await roomy(await changed(signedRequest(closed()), { body }))).status).toBe(401);
});

test.for<[string, unknown, number, string, string]>([
  ['nothing', undefined, 204, '', ''],
  ['a text', 'hello', 200, 'application/vnd.sockethook+json', '{"reply":"hello"}'],
  ['an empty text', '', 200, 'application/vnd.sockethook+json', '{"reply":""}'],
  [
    'actions',
    { close: true, state: 's' },
    200,
    'application/vnd.sockethook+json',
    '{"close":true,"state":"s"}',
  ],
])('a message handler that returns %s is an answer', async ([, returned, status, type, body]) => {
  const handler = hooks({ message: () => JSON.parse(JSON.stringify({ returned })).returned });
  const response = await handler(signedRequest(aHook({ event: 'message', id: 'message_1' })));
  expect([response.status, response.headers.get('content-type') ?? '', await response.text()]).toEqual([
    status,
    type,
    body,
  ]);
});

test('a handshake can be refused', async () => {
  const handler = hooks({ handshake: async ({ user }) => (user === 'eve' ? refuse(404) : refuse()) });
  expect((await handler(signedRequest(aHook({ id: 'handshake_1', user: 'eve' })))).status).toBe(404);
  expect((await handler(signedRequest(aHook({ id: 'handshake_2' })))).status).toBe(403);
});

test('an event without a handler is accepted', async () => {
  expect((await hooks({})(signedRequest(aHook()))).status).toBe(204);
});

test('a hook that comes again is not handled twice, and is answered as before', async () => {
  let count = 0;
  const handler = hooks({ message: () => `${++count}` });
  const request = signedRequest(aHook({ event: 'message', id: 'message_1' }));
  expect(await (await handler(request.clone())).text()).toBe('{"reply":"1"}');
  const again = await handler(request);
  expect([again.status, await again.text()]).toEqual([200, '{"reply":"1"}']);
  expect(count).toBe(1);
});

test('a hook whose handler failed is handled again, and one that is being handled asks to come later', async () => {
  let fail: (why: Error) => void = () => {};
  const failing = new Promise<undefined>((_, reject) => {
    fail = reject;
  });
  const outcomes: (() => Promise<string | undefined>)[] = [() => failing, async () => 'second'];
  const handler = hooks({ message: () => outcomes.shift()?.() ?? Promise.resolve(undefined) });
  const request = signedRequest(aHook({ event: 'message', id: 'message_1' }));
  const running = handler(request.clone());
  await expect.poll(() => outcomes.length).toBe(1);
  const busy = await handler(request.clone());
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([425, '3']);
  fail(new Error('no'));
  await expect(running).rejects.toThrow('no');
  expect(await (await handler(request)).text()).toBe('{"reply":"second"}');
});

const answered = (body: string) => ({ status: 200, headers: {}, body });

test('ids are forgotten after 10 minutes', () => {
  let now = 0;
  const seen = new MemorySeenIds({ now: () => now });
  expect([seen.begin('a'), seen.begin('a')]).toEqual([{ state: 'new' }, { state: 'running' }]);
  seen.done('a', answered('x'));
  now = 599_999;
  expect(seen.begin('a')).toEqual({ state: 'done', answer: answered('x') });
  now = 600_000;
  expect(seen.begin('a')).toEqual({ state: 'new' });
});

test('the oldest are forgotten first when there are too many ids, or too much was answered', () => {
  const few = new MemorySeenIds({ maxIds: 2 });
  few.begin('slow');
  for (const id of ['a', 'b', 'c']) {
    few.begin(id);
    few.done(id, answered(''));
  }
  expect(['slow', 'c', 'a'].map((id) => few.begin(id).state)).toEqual(['running', 'done', 'new']);
  const small = new MemorySeenIds({ maxCharacters: 10 });
  for (const id of ['a', 'b']) {
    small.begin(id);
    small.done(id, answered('123456'));
  }
  small.begin('c');
  expect([small.begin('b'), small.begin('a')]).toMatchObject([
    { answer: { body: '123456' } },
    { state: 'done', answer: { body: 'This hook was handled before.\n' } },
  ]);
});

test('ids whose answers are forgotten cost nothing more', () => {
  const seen = new MemorySeenIds({ maxCharacters: 1_000 });
  const handle = (at: number): void => {
    seen.begin(`id_${at}`);
    seen.done(`id_${at}`, answered('x'.repeat(100)));
  };
  const begun = performance.now();
  for (let at = 0; at < 40_000; at++) handle(at);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(seen.begin('id_39999')).toMatchObject({ state: 'done', answer: answered('x'.repeat(100)) });
  expect(seen.begin('id_0')).toMatchObject({
    state: 'done',
    answer: { body: expect.stringContaining('before') },
  });
});
