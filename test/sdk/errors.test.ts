import { createServer } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import {
  broadcastMessage,
  checkSettings,
  closeSocket,
  createWebSocketUrl,
  expressHooks,
  getDeadLetter,
  hooks,
  joinGroup,
  leaveGroup,
  listDeadLetters,
  listGroup,
  refuse,
  SockethookError,
  sendMessage,
} from '../../sdk/index.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { aHook } from '../wire/a-hook.ts';
import { signedRequest } from './signed.ts';

const environment = {
  SOCKETHOOK_API_URL: 'http://127.0.0.1:1',
  SOCKETHOOK_API_KEY: testSecrets.apiKeys[0] ?? '',
  SOCKETHOOK_WEBHOOK_SECRET: testSecrets.webhookSecrets[0] ?? '',
  SOCKETHOOK_WEBSOCKET_URL: 'ws://localhost:8080/',
  SOCKETHOOK_URL_KEY: testSecrets.urlKeys[0] ?? '',
};
beforeEach(() => void Object.assign(process.env, environment));

/** The error that something ends in, by its code and what it says. */
async function errorOf(run: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await run();
  } catch (error) {
    if (error instanceof SockethookError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('There was no error.');
}

test.for<[string, string, () => unknown]>([
  ['SOCKETHOOK_API_URL', 'ftp://x', () => sendMessage('a', 'b')],
  ['SOCKETHOOK_API_KEY', 'two words', () => broadcastMessage('b')],
  ['SOCKETHOOK_WEBHOOK_SECRET', 'whsec_short', () => hooks({})(signedRequest(aHook()))],
  ['SOCKETHOOK_WEBSOCKET_URL', 'http://x', () => createWebSocketUrl('/')],
])(
  '%s that is missing or malformed is named, and the message says what to do',
  async ([name, malformed, run]) => {
    delete process.env[name];
    const missing = await errorOf(run);
    expect(missing).toEqual({
      code: 'ERR_SETTING',
      message: expect.stringMatching(new RegExp(`^${name} is not set; set it to `)),
    });
    process.env[name] = malformed;
    const wrong = await errorOf(run);
    expect(wrong).toEqual({
      code: 'ERR_SETTING',
      message: expect.stringMatching(new RegExp(`^${name} (must|is malformed)`)),
    });
    expect(wrong.message).not.toContain(malformed.slice(6) || '-');
  },
);

test('a short URL key is named; without one, a user, a group or an end can’t be promised', async () => {
  process.env['SOCKETHOOK_URL_KEY'] = 'short';
  expect((await errorOf(() => createWebSocketUrl('/'))).message).toMatch(
    /^SOCKETHOOK_URL_KEY is malformed: .*32/,
  );
  delete process.env['SOCKETHOOK_URL_KEY'];
  for (const options of [{ user: 'alice' }, { expiresIn: 60 }, { groups: ['room:1'] }]) {
    const { code, message } = await errorOf(() => createWebSocketUrl('/', options));
    expect([code, message]).toEqual([
      'ERR_SETTING',
      expect.stringMatching(/^SOCKETHOOK_URL_KEY is not set; .*to use `user`, `groups` or `expiresIn`/),
    ]);
  }
});

const named = (count: number) => Array.from({ length: count }, (_, at) => `g${at}`);

test.for<[string, () => unknown, RegExp]>([
  ['an empty id', () => sendMessage('', 'b'), /^"sockets" must be /],
  ['an empty id in a list', () => sendMessage(['a', ''], 'b'), /^"sockets" must be /],
  ['half a surrogate pair', () => sendMessage('a', '\ud800'), /^"body" must be well-formed/],
  [
    'a body that is an object',
    () => sendMessage('a', JSON.parse('{}')),
    /^"body" must be text; turn objects into JSON/,
  ],
  ['a number for a body', () => broadcastMessage(JSON.parse('7')), /^"body" must be text/],
  ['closing nothing', () => closeSocket(''), /^"socket" must be/],
  ['a path with a step up', () => createWebSocketUrl('/../x'), /^"path" cannot be used: /],
  ['a path with an empty segment', () => createWebSocketUrl('//foo'), /^"path" cannot be used: /],
  [
    '1,025 bytes of path',
    () => createWebSocketUrl(`/${'x'.repeat(1_024)}`),
    /^"path" cannot be used: .*1024/,
  ],
  [
    'a URL of too many characters',
    () => createWebSocketUrl(`/?${'x'.repeat(4_096)}`),
    /^"path" makes a URL of .* at most 4096$|^"path" makes a URL of .* at most 4096\./,
  ],
  [
    '257 bytes of user',
    () => createWebSocketUrl('/', { user: 'u'.repeat(257) }),
    /^"user" cannot be used: .*256/,
  ],
  [
    '0 seconds',
    () => createWebSocketUrl('/', { expiresIn: 0 }),
    /^"expiresIn" must be whole seconds from 1 to 86400/,
  ],
  ['86,401 seconds', () => createWebSocketUrl('/', { expiresIn: 86_401 }), /^"expiresIn" must be/],
  ['joining nothing', () => joinGroup('room:1', ''), /^"socket" must be the id of a socket\.$/],
  ['a socket that leaves no group', () => leaveGroup('', 'a='), /^"group" cannot be used: .* not empty\.$/],
  ['257 bytes of group', () => joinGroup('g'.repeat(257), 'a='), /^"group" cannot be used: .*256 bytes\.$/],
  ['a group with a line feed', () => listGroup('a\nb'), /^"group" cannot be used: .* printable text\.$/],
  ['a number for a group', () => listGroup(JSON.parse('7')), /^"group" must be the name of a group\.$/],
  ['a broadcast to an empty group', () => broadcastMessage('b', { group: '' }), /^"group" cannot be used: /],
  ['a broadcast to null', () => broadcastMessage('b', { group: JSON.parse('null') }), /^"group" must be /],
  ['a page of 0', () => listGroup('g', { limit: 0 }), /^"limit" must be a whole number from 1 to 1000\.$/],
  ['a page of 1,001', () => listGroup('g', { limit: 1_001 }), /^"limit" must be .*1000\.$/],
  [
    'an empty cursor',
    () => listGroup('g', { cursor: '' }),
    /^"cursor" must be one that a page ended with\.$/,
  ],
  [
    'groups that are a text',
    () => createWebSocketUrl('/', { groups: JSON.parse('"g"') }),
    /^"groups" must be a list/,
  ],
  [
    'an empty group in a URL',
    () => createWebSocketUrl('/', { groups: ['g', ''] }),
    /^"groups" cannot be used: .* not empty/,
  ],
  [
    '257 bytes of group in a URL',
    () => createWebSocketUrl('/', { groups: ['g'.repeat(257)] }),
    /^"groups" .*256 bytes/,
  ],
  [
    'a group 51 times in a URL',
    () => createWebSocketUrl('/', { groups: Array.from({ length: 51 }, () => 'room') }),
    /^"groups" cannot be used: .* 50 groups/,
  ],
  [
    '51 groups in a URL',
    () => createWebSocketUrl('/', { groups: named(51) }),
    /^"groups" cannot be used: .* 50 groups/,
  ],
  [
    '1,025 bytes of groups in a URL',
    () =>
      createWebSocketUrl('/', {
        groups: ['a'.repeat(256), 'b'.repeat(256), 'c'.repeat(256), 'd'.repeat(256), 'e'],
      }),
    /^"groups" cannot be used: .* 1024 bytes together/,
  ],
  [
    'a URL of too many characters, with groups',
    () => createWebSocketUrl(`/?${'x'.repeat(2_900)}`, { groups: ['g'.repeat(200)] }),
    /^"path" and "groups" make a URL of .* at most 4096\.$/,
  ],
  ['refusing with 200', () => refuse(200), /^"status" must be from 400 to 499/],
  ['refusing with 500', () => refuse(500), /^"status" must be/],
])('%s is an argument that can’t be used, and is named', async ([, run, message]) => {
  expect(await errorOf(run)).toEqual({ code: 'ERR_ARGUMENT', message: expect.stringMatching(message) });
});

test('without a URL key, a query can’t use the gateway’s own names', async () => {
  delete process.env['SOCKETHOOK_URL_KEY'];
  for (const path of ['/a?path=/b', '/a?x=1&ticket=y']) {
    expect(await errorOf(() => createWebSocketUrl(path))).toEqual({
      code: 'ERR_ARGUMENT',
      message: expect.stringMatching(/^"path" has "(path|ticket)" in its query.*SOCKETHOOK_URL_KEY/),
    });
  }
});

test('all settings are checked at once, or those of the parts that are named', async () => {
  checkSettings();
  delete process.env['SOCKETHOOK_API_KEY'];
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = 'whsec_short';
  const { code, message } = await errorOf(() => checkSettings());
  expect(code).toBe('ERR_SETTING');
  expect(message).toMatch(
    /^SOCKETHOOK_WEBHOOK_SECRET is malformed: .*\. SOCKETHOOK_API_KEY is not set; .*\.$/,
  );
  expect((await errorOf(() => checkSettings('calls'))).message).toMatch(
    /^SOCKETHOOK_API_KEY is not set; set it to [^.]*\.$/,
  );
  checkSettings('urls');
});

test('a gateway that does not answer is said so, with the variable to look at', async () => {
  const { code, message } = await errorOf(() => sendMessage('a', 'b'));
  expect([code, message]).toEqual([
    'ERR_UNREACHABLE',
    expect.stringMatching(/http:\/\/127\.0\.0\.1:1 .*SOCKETHOOK_API_URL/),
  ]);
});

test('a gateway that refuses is quoted, and a wrong key is said so', async () => {
  const world = await startLocal();
  process.env['SOCKETHOOK_API_URL'] = world.gateway.apiUrl;
  const tooLarge = await errorOf(() => sendMessage('a', 'x'.repeat(131_073)));
  expect(tooLarge).toEqual({
    code: 'ERR_API',
    message: expect.stringMatching(/413: "body" must be at most 131072/),
  });
  process.env['SOCKETHOOK_API_KEY'] = 'wrong-key-wrong-key';
  const { code, message } = await errorOf(() => sendMessage('a', 'b'));
  expect([code, message]).toEqual(['ERR_API', expect.stringMatching(/401.*SOCKETHOOK_API_KEY/)]);
  await world.stop();
});

test('a server that is no gateway is said so', async () => {
  const server = createServer((_, response) => response.end('{"ok":true}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  process.env['SOCKETHOOK_API_URL'] = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const calls = [
    () => sendMessage('a', 'b'),
    () => broadcastMessage('b'),
    () => listGroup('g'),
    () => listDeadLetters(),
    () => getDeadLetter('0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw'),
  ];
  for (const run of calls) {
    expect(await errorOf(run)).toEqual({
      code: 'ERR_API',
      message: expect.stringMatching(/SOCKETHOOK_API_URL/),
    });
  }
  server.closeAllConnections();
  server.close();
});

test.for<[string, Parameters<typeof hooks>[0], Parameters<typeof aHook>[0], RegExp]>([
  [
    'a refusal of a message',
    { message: () => JSON.parse('{"status":403}') },
    { event: 'message' },
    /"status"; it may return reply, /,
  ],
  [
    'a reply to a closed socket',
    { closed: () => JSON.parse('"bye"') },
    { event: 'closed' },
    /closed handler returned "reply"; it may return send, broadcast/,
  ],
  [
    'close in a handshake',
    { handshake: () => JSON.parse('{"close":true}') },
    {},
    /handshake handler returned "close"/,
  ],
  [
    'a number',
    { message: () => JSON.parse('7') },
    { event: 'message' },
    /must return nothing, a string to reply, or actions/,
  ],
  ['a list', { message: () => JSON.parse('[]') }, { event: 'message' }, /must return nothing/],
  [
    'more than 1 MiB',
    { message: () => 'x'.repeat(1_048_576) },
    { event: 'message' },
    /more than 1048576 bytes; send them instead/,
  ],
])('a handler that returns %s is told what it may return', async ([, handlers, hook, message]) => {
  const { code, message: said } = await errorOf(() => hooks(handlers)(signedRequest(aHook(hook))));
  expect([code, said]).toEqual(['ERR_ANSWER', expect.stringMatching(message)]);
});

test('a body that was read before says where to mount the hooks', async () => {
  const request = signedRequest(aHook());
  await request.text();
  const { code, message } = await errorOf(() => hooks({})(request));
  expect([code, message]).toEqual(['ERR_BODY_DRAINED', expect.stringContaining('before express.urlencoded')]);
  expect(expressHooks({})).toBeTypeOf('function');
});

test.for([
  ['wss://host.example/rt', 'wss://host.example/rt/'],
  ['wss://host.example/rt/', 'wss://host.example/rt/'],
  ['wss://host.example', 'wss://host.example/'],
  [
    'wss://abc.execute-api.eu-west-1.amazonaws.com/prod',
    'wss://abc.execute-api.eu-west-1.amazonaws.com/prod',
  ],
])('URLs of a gateway at %s begin with %s', async ([setting = '', base]) => {
  process.env['SOCKETHOOK_WEBSOCKET_URL'] = setting;
  expect((await createWebSocketUrl('/room')).split('?ticket=')[0]).toBe(base);
  process.env['SOCKETHOOK_URL_KEY'] = '';
  expect(await createWebSocketUrl('/room')).toBe(`${base}?path=%2Froom`);
});
