import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { testSecrets } from '../support/local.ts';
import { Cloud } from './cloud.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ FORWARD_HEADERS: 'cf-ipcity' });
});
afterAll(() => cloud.stop());

/** Text in UTF-8, a character for each byte: what stands in a header on the wire, and how Node.js shows it. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

async function asked(path: string): Promise<ReceivedHook['headers']> {
  return (await cloud.app.hook(path, 'handshake')).headers;
}

describe('a client’s headers', () => {
  test.for(['Torrejón', 'Łódź', '東京 🗼', 'a\tb ~'])('reach the app as the bytes of %j', async (city) => {
    const path = freshPath();
    const headers = { 'cf-ipcity': bytes(city), Cookie: `city=${bytes(city)}`, 'User-Agent': bytes(city) };
    const client = await connect(cloud.at(path), { headers });
    expect(await asked(path)).toMatchObject({
      'cf-ipcity': bytes(city),
      cookie: `city=${bytes(city)}`,
      'user-agent': bytes(city),
    });
    await client.close();
  });

  test('two lines of cookies are one list, in whatever case, and of others another', async () => {
    const path = freshPath();
    await connected(path, {
      multiValueHeaders: {
        ...{ Cookie: ['a=1', 'b=2, x'], cookie: ['c=3'], 'CF-IPCity': ['one', 'two'] },
      },
    });
    expect(await asked(path)).toMatchObject({ cookie: 'a=1; b=2, x; c=3', 'cf-ipcity': 'one, two' });
  });

  test('of which one can’t be written come without it', async () => {
    const path = freshPath();
    const multiValueHeaders = {
      ...{ 'cf-ipcity': ['a\u0000b'], 'User-Agent': ['a\r\nX-Evil: 1'], 'Accept-Language': ['\u007f'] },
      ...{ Cookie: ['a=1'], Origin: ['https://evil.example\n'] },
    };
    await connected(path, { multiValueHeaders });
    const headers = await asked(path);
    expect([headers['cf-ipcity'], headers['accept-language'], headers['x-evil']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(headers).toMatchObject({ cookie: 'a=1', 'websocket-origin': '' });
  });
});

let count = 0;

/** Runs `$connect` with an event of this path that says besides what is given. */
async function connected(path: string, given: Record<string, unknown>, status = 200): Promise<void> {
  count += 1;
  const { requestContext = {}, ...rest } = given;
  const answer = await cloud.handlers.connect({
    queryStringParameters: { path },
    multiValueQueryStringParameters: { path: [path] },
    ...rest,
    requestContext: {
      ...{
        routeKey: '$connect',
        eventType: 'CONNECT',
        connectionId: `odd${count}=`,
        requestId: `r${count}=`,
      },
      ...{ requestTimeEpoch: 1_764_000_000_000, identity: { sourceIp: '192.0.2.7' } },
      ...Object(requestContext),
    },
  });
  expect(answer).toMatchObject({ statusCode: status });
}

describe('an event of $connect', () => {
  test.for<[what: string, given: Record<string, unknown>]>([
    ['no headers', {}],
    ['null for its headers', { headers: null, multiValueHeaders: null }],
    ['null for a header', { multiValueHeaders: { Cookie: null, Origin: null } }],
    ['no identity', { requestContext: { identity: undefined } }],
    ['null for its identity', { requestContext: { identity: null } }],
    ['null for its peer', { requestContext: { identity: { sourceIp: null } } }],
    ['no time', { requestContext: { requestTimeEpoch: undefined } }],
  ])('with %s lets its client in', async ([what, given]) => {
    const path = freshPath();
    await connected(path, given);
    const { fields, headers } = await cloud.app.hook(path, 'handshake');
    expect(Number(fields['time'])).toBeGreaterThan(1_700_000_000_000);
    expect(headers['x-forwarded-for']).toBe(
      what.includes('identity') || what.includes('peer') ? 'unknown' : '192.0.2.7',
    );
  });

  test('with one text of each header and parameter, and no lists, is read by those', async () => {
    const path = freshPath();
    await connected(path, {
      headers: { cookie: 'a=1', 'CF-IPCity': 'Łódź' },
      queryStringParameters: { path, x: '1' },
      multiValueHeaders: undefined,
      multiValueQueryStringParameters: undefined,
    });
    const { fields, headers } = await cloud.app.hook(path, 'handshake');
    expect(fields['query']).toBe('x=1');
    expect(headers).toMatchObject({ cookie: 'a=1', 'cf-ipcity': bytes('Łódź') });
  });

  test.for<[what: string, query: unknown]>([
    ['null', null],
    ['nothing', undefined],
    ['an empty list', {}],
    ['null for a parameter', { path: null }],
  ])('with %s for its query is for the path /', async ([, query]) => {
    const before = cloud.app.of('/', 'handshake').length;
    await connected('/', { queryStringParameters: query, multiValueQueryStringParameters: query });
    expect(cloud.app.of('/', 'handshake')).toHaveLength(before + 1);
  });

  test('with half a surrogate pair in the query has the replacement character there', async () => {
    const path = freshPath();
    await connected(path, {
      multiValueQueryStringParameters: { path: [path], x: ['a\ud800b'], '\udc00': ['1'] },
    });
    const { fields } = await cloud.app.hook(path, 'handshake');
    expect(fields['query']).toBe('x=a%EF%BF%BDb&%EF%BF%BD=1');
  });

  test('with half a surrogate pair in the path, or in a ticket, is refused for what it is', async () => {
    await connected('/', { multiValueQueryStringParameters: { path: ['/\ud800'] } }, 400);
    await connected('/', { multiValueQueryStringParameters: { ticket: ['\ud800'] } }, 401);
  });
});

describe('an event of a message or of an end', () => {
  async function entered(): Promise<{ path: string; from: string }> {
    const path = freshPath();
    await connected(path, {});
    const { fields } = await cloud.app.hook(path, 'handshake');
    return { path, from: fields['from'] ?? '' };
  }

  test.for([null, undefined])('with %s for its body is an empty message', async (body) => {
    const { path, from } = await entered();
    const requestContext = { eventType: 'MESSAGE', connectionId: from, requestId: 'r=', messageId: null };
    const time = { requestTimeEpoch: 1_764_000_000_000 };
    await cloud.handlers.default({ body, requestContext: { ...requestContext, ...time } });
    expect((await cloud.app.hook(path, 'message')).fields['body']).toBe('');
  });

  test('with no time is of the time when it came', async () => {
    const { path, from } = await entered();
    const requestContext = { eventType: 'MESSAGE', connectionId: from, requestId: 'r=', messageId: 'm=' };
    await cloud.handlers.default({ body: 'x', requestContext });
    const { fields } = await cloud.app.hook(path, 'message');
    expect(Math.abs(Number(fields['time']) - Date.now())).toBeLessThan(20_000);
  });

  test('with null for its code and its reason tells 1006', async () => {
    const { path, from } = await entered();
    const end = { disconnectStatusCode: null, disconnectReason: null };
    const requestContext = { eventType: 'DISCONNECT', connectionId: from, requestId: 'r=', ...end };
    await cloud.handlers.disconnect({ headers: null, requestContext });
    expect((await cloud.app.hook(path, 'closed')).fields).toMatchObject({ code: '1006', reason: '' });
  });
});

describe('an event of the HTTP API', () => {
  const headers = {
    authorization: `Bearer ${testSecrets.apiKeys[0]}`,
    'content-type': 'application/json',
  };
  const requestContext = { requestId: 'r=' };

  test.for([null, undefined, ''])('with %j for its body has none', async (body) => {
    const event = { routeKey: 'POST /send', rawPath: '/send', rawQueryString: '', headers, body };
    expect(await cloud.handlers.send({ ...event, requestContext })).toMatchObject({
      statusCode: 400,
      body: expect.stringContaining('malformed_body'),
    });
  });

  test.for([null, undefined])('with %s for its query has none', async (rawQueryString) => {
    const event = { routeKey: 'GET /sockets', rawPath: '/sockets', rawQueryString, headers };
    expect(await cloud.handlers.sockets({ ...event, requestContext })).toMatchObject({ statusCode: 200 });
  });

  test.for([null, undefined])('with %s for its headers shows no key', async (none) => {
    const event = { routeKey: 'POST /send', rawPath: '/send', rawQueryString: '', headers: none, body: '{}' };
    expect(await cloud.handlers.send({ ...event, requestContext })).toMatchObject({ statusCode: 401 });
  });

  test('with null for the parts of its path is for no socket', async () => {
    const event = { routeKey: 'GET /sockets/{socket}', rawPath: '/sockets/', rawQueryString: '', headers };
    for (const pathParameters of [null, undefined, { socket: null }])
      expect(await cloud.handlers.sockets({ ...event, pathParameters, requestContext })).toMatchObject({
        statusCode: 404,
      });
  });
});
