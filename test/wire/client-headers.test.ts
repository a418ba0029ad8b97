import { expect, test } from 'vitest';
import {
  type ClientHeaders,
  forwardedHeaders,
  isAllowedOrigin,
  isForwardable,
  joinedHeader,
  offeredSubprotocols,
} from '../../functions/wire/client-headers.ts';

const peer = '192.0.2.1';
const noRules = { forwardHeaders: [], allowedOrigins: undefined };
const credentials = { cookie: 'session=1', authorization: 'Basic YTpi' };
const written = { Cookie: 'session=1', Authorization: 'Basic YTpi' };

test.for([
  ['cookie', ['a=1', 'b=2'], 'a=1; b=2'],
  ['cookie', ['a=1'], 'a=1'],
  ['accept-language', ['de', 'en;q=0.5'], 'de, en;q=0.5'],
  ['x-cookie', ['a', ''], 'a, '],
] as const)('the lines of %s %j are one value, %j', ([name, lines, value]) => {
  expect(joinedHeader(name, lines)).toBe(value);
});

test('a handshake passes on the allow-list and nothing else', () => {
  const client = {
    ...{
      'user-agent': 'Firefox',
      'accept-language': 'en',
      'sec-websocket-protocol': 'chat',
      host: 'gateway',
    },
    ...{ ...credentials, connection: 'Upgrade', 'sec-websocket-key': 'x', 'x-tenant': 'a', te: 'trailers' },
  };
  expect(forwardedHeaders(client, peer, noRules)).toEqual({
    ...{ 'User-Agent': 'Firefox', 'Accept-Language': 'en', 'Sec-WebSocket-Protocol': 'chat' },
    ...{ ...written, 'X-Forwarded-For': peer },
  });
});

test('a client that says nothing of itself has an address all the same', () => {
  expect(forwardedHeaders({}, peer, noRules)).toEqual({ 'X-Forwarded-For': peer });
});

test("the client's own X-Forwarded-For is never passed on", () => {
  const client = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'evil', forwarded: 'for=127.0.0.1' };
  expect(forwardedHeaders(client, peer, noRules)).toEqual({ 'X-Forwarded-For': peer });
});

test('a header that the settings name is passed on as well', () => {
  const rules = { ...noRules, forwardHeaders: ['x-tenant', 'x-missing', 'user-agent'] };
  const passed = forwardedHeaders({ 'x-tenant': 'a', 'user-agent': 'Firefox' }, peer, rules);
  expect(passed).toEqual({ 'x-tenant': 'a', 'User-Agent': 'Firefox', 'X-Forwarded-For': peer });
});

test('a header that is there but empty is passed on', () => {
  expect(forwardedHeaders({ 'user-agent': '' }, peer, noRules)).toMatchObject({ 'User-Agent': '' });
});

test.for<[why: string, client: ClientHeaders]>([
  ['without an origin', { host: 'gateway.example' }],
  ['from the same host', { host: 'gateway.example', origin: 'https://gateway.example' }],
  ['from another port of the same host', { host: 'localhost:8080', origin: 'http://localhost:3000' }],
  ['from the same host in other case', { host: 'Gateway.example', origin: 'https://gateway.EXAMPLE' }],
  ['from the same IPv6 address', { host: '[::1]:8080', origin: 'http://[::1]:3000' }],
  ['from an allowed origin', { host: 'gateway.example', origin: 'https://page.example' }],
  ['from an allowed origin in other case', { host: 'gateway.example', origin: 'https://Page.example' }],
])('cookies and credentials go along %s', ([, client]) => {
  const rules = { ...noRules, allowedOrigins: new Set(['https://page.example']) };
  expect(forwardedHeaders({ ...client, ...credentials }, peer, rules)).toMatchObject(written);
});

test.for<[why: string, client: ClientHeaders]>([
  ['another host', { host: 'gateway.example', origin: 'https://evil.example' }],
  ['a host below ours', { host: 'gateway.example', origin: 'https://evil.gateway.example' }],
  ['a host that ends like ours', { host: 'gateway.example', origin: 'https://evilgateway.example' }],
  ['a host that begins like ours', { host: 'gateway.example', origin: 'https://gateway.example.evil' }],
  ['an opaque origin', { host: 'gateway.example', origin: 'null' }],
  ['an opaque origin to a host of that name', { host: 'null', origin: 'null' }],
  ['an empty origin', { host: '', origin: '' }],
  ['a file', { host: '', origin: 'file://' }],
  ['some origin, but no host is given', { origin: 'https://page.example' }],
])('cookies and credentials stay behind if the page is of %s', ([, client]) => {
  for (const allowedOrigins of [undefined, new Set(['https://other.example'])]) {
    const passed = forwardedHeaders({ ...client, ...credentials }, peer, { ...noRules, allowedOrigins });
    expect(passed).toEqual({ 'X-Forwarded-For': peer });
  }
});

test('cookies stay behind for the origin null, even if it may connect', () => {
  const rules = { ...noRules, allowedOrigins: new Set(['null', 'capacitor://localhost']) };
  const client = (origin: string) => ({ host: 'gateway.example', origin, ...credentials });
  expect(forwardedHeaders(client('null'), peer, rules)).toEqual({ 'X-Forwarded-For': peer });
  expect(forwardedHeaders(client('capacitor://localhost'), peer, rules)).toMatchObject(written);
});

test.for(['x-tenant', 'accept', 'sec-websocket-protocol', 'user-agent', 'x-real-ip', "a!#$%&'*+.^`|~-1"])(
  'the setting may name %j',
  (name) => {
    expect(isForwardable(name)).toBe(true);
  },
);

test.for([
  ...['webhook-id', 'webhook-timestamp', 'webhook-signature', 'websocket-origin', 'host', 'connection'],
  ...[
    'keep-alive',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'expect',
    'origin',
  ],
  ...[
    'content-length',
    'content-type',
    'content-encoding',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
  ],
  ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url'],
  ...['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions', 'sec-websocket-accept'],
  ...['cookie', 'authorization'],
])('the setting may not name %j, which is reserved', (name) => {
  expect(isForwardable(name)).toBe(false);
});

test.for(['', 'x_tenant', 'X-Tenant', 'a b', 'a:b', 'a\r\nb', 'a\n', 'é', 'a,b', 'a"'])(
  'the setting may not name %j, which is no header',
  (name) => {
    expect(isForwardable(name)).toBe(false);
  },
);

test.for<[offer: string | undefined, names: string[]]>([
  [undefined, []],
  ['', []],
  ['chat', ['chat']],
  ['chat, superchat', ['chat', 'superchat']],
  [' b ,a,, ', ['b', 'a']],
])('the offer %j is of the subprotocols %j', ([offer, names]) => {
  expect(offeredSubprotocols({ 'sec-websocket-protocol': offer })).toEqual(names);
});

test.for<[origin: string | undefined, allowed: string[] | undefined, mayConnect: boolean]>([
  ['https://page.example', undefined, true],
  [undefined, undefined, true],
  [undefined, ['https://page.example'], true],
  ['https://page.example', ['https://page.example'], true],
  ['HTTPS://Page.Example', ['https://page.example'], true],
  ['https://page.example:8443', ['https://page.example'], false],
  ['http://page.example', ['https://page.example'], false],
  ['https://evil.example', ['https://page.example'], false],
  ['null', ['https://page.example'], false],
  ['', ['https://page.example'], false],
  ['https://page.example', [], false],
  ['http://page.example:80', ['http://page.example'], true],
  ['capacitor://localhost', ['capacitor://localhost'], true],
  ['Capacitor://LocalHost', ['capacitor://localhost'], true],
  ['capacitor://localhost', ['http://localhost'], false],
  ['http://localhost', ['capacitor://localhost'], false],
  ['null', ['null'], true],
  ['file://', ['file://'], true],
  ['file://', ['null'], false],
  ['https://page.example/', ['https://page.example'], false],
  ['https://me@page.example', ['https://page.example'], false],
])('for the origin %j and the allowed ones %j the way in is open: %j', ([origin, allowed, mayConnect]) => {
  expect(isAllowedOrigin(origin, allowed && new Set(allowed))).toBe(mayConnect);
});
