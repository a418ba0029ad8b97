import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Api } from '../../support/api.ts';
import { connect } from '../../support/client.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** Why a test of what is no call is left out. */
const notOurs = 'What stands in front of this gateway answers by itself what is no call.';

/** What the HTTP API accepts, and how it says no. */
export function httpApiContract(subject: Subject): void {
  describe(`${subject.name}: HTTP API`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start();
    });
    afterAll(() => world.stop());

    test.for<[string, string]>([
      ['no key', ''],
      ['a wrong key', 'Bearer wrong'],
      ['half a key', 'Bearer api-key-one-'],
      ['another scheme', 'Basic YTpi'],
    ])('a call with %s gets 401', async ([, authorization]) => {
      for (const [method, path] of [
        ['POST', '/send'],
        ['POST', '/broadcast'],
        ['GET', '/broadcasts/x'],
        ['DELETE', '/broadcasts/x'],
        ['POST', '/urls'],
        ['GET', '/sockets'],
        ['GET', '/sockets/x'],
        ['DELETE', '/sockets/x'],
        ['GET', '/groups/x'],
        ['GET', '/groups/x/sockets'],
        ['GET', '/groups/x/users'],
        ['PUT', '/groups/x/sockets/y'],
        ['DELETE', '/groups/x/sockets/y'],
      ] as const) {
        const body = method === 'POST' ? { body: '{"sockets":"x","body":"y"}' } : {};
        const answer = await world.api.call(method, path, {
          headers: { ...json, Authorization: authorization },
          ...body,
        });
        const call = `${method} ${path}`;
        expect(answer.status, call).toBe(401);
        expect(answer.json['code'], call).toBe('unauthorized');
        expect(answer.headers.get('www-authenticate'), call).toBe('Bearer realm="sockethook"');
        expect(answer.headers.get('content-type'), call).toBe('application/problem+json');
      }
    });

    test('HEAD is GET without the content', async ({ skip }) => {
      skip(!subject.answersEverything, notOurs);
      const answer = await world.api.call('HEAD', '/health', { headers: { Authorization: '' } });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe('');
      expect(answer.headers.get('content-length')).toBe('34');
    });

    test('health needs no key', async () => {
      const answer = await new Api(world.api.url, '').call('GET', '/health', {
        headers: { Authorization: '' },
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ status: 'ok', breaker: 'closed' });
    });

    test.for<[string, string, unknown, string, string, number]>([
      ['a send without a body', '/send', { sockets: 'a' }, 'missing_field', 'body', 400],
      ['a send without sockets', '/send', { body: 'a' }, 'missing_field', 'sockets', 400],
      ['a send to nobody', '/send', { sockets: [], body: 'a' }, 'invalid_field', 'sockets', 400],
      ['a send to an empty id', '/send', { sockets: '', body: 'a' }, 'invalid_field', 'sockets', 400],
      ['a send to 1,001', '/send', { sockets: ids(1_001), body: 'a' }, 'invalid_field', 'sockets', 400],
      ['a send to a number', '/send', { sockets: 7, body: 'a' }, 'invalid_field', 'sockets', 400],
      ['a send to a list of numbers', '/send', { sockets: [7], body: 'a' }, 'invalid_field', 'sockets', 400],
      ['a send of an object', '/send', { sockets: 'a', body: {} }, 'invalid_field', 'body', 400],
      [
        'a send with a typing error',
        '/send',
        { sockets: 'a', body: 'b', sokets: 'c' },
        'unknown_field',
        'sokets',
        400,
      ],
      ['half a surrogate pair', '/send', { sockets: 'a', body: '\ud800' }, 'invalid_field', 'body', 400],
      ['131,073 bytes', '/send', { sockets: 'a', body: 'x'.repeat(131_073) }, 'body_too_large', 'body', 413],
      [
        '131,073 bytes to all',
        '/broadcast',
        { body: `${'é'.repeat(65_536)}x` },
        'body_too_large',
        'body',
        413,
      ],
      ['a broadcast without a body', '/broadcast', {}, 'missing_field', 'body', 400],
      [
        'a broadcast to a group without a name',
        '/broadcast',
        { body: 'a', group: '' },
        'invalid_field',
        'group',
        400,
      ],
      [
        'a broadcast to a group of 257 bytes',
        '/broadcast',
        { body: 'a', group: 'g'.repeat(257) },
        'invalid_field',
        'group',
        400,
      ],
      [
        'a broadcast to two groups',
        '/broadcast',
        { body: 'a', group: ['g', 'h'] },
        'invalid_field',
        'group',
        400,
      ],
      ['a broadcast to a bad path', '/broadcast', { body: 'a', path: '/../x' }, 'invalid_field', 'path', 400],
      [
        'a broadcast to a path with a query',
        '/broadcast',
        { body: 'a', path: '/a?x=1' },
        'invalid_field',
        'path',
        400,
      ],
      [
        'a broadcast to a long user',
        '/broadcast',
        { body: 'a', user: 'u'.repeat(257) },
        'invalid_field',
        'user',
        400,
      ],
      [
        'a broadcast with one exception',
        '/broadcast',
        { body: 'a', except: 'x' },
        'invalid_field',
        'except',
        400,
      ],
      ['1,001 exceptions', '/broadcast', { body: 'a', except: ids(1_001) }, 'invalid_field', 'except', 400],
      ['a URL without a path', '/urls', {}, 'missing_field', 'path', 400],
      ['a URL for a bad path', '/urls', { path: '/a//b' }, 'invalid_field', 'path', 400],
      ['a URL for 0 seconds', '/urls', { path: '/', expiresIn: 0 }, 'invalid_field', 'expiresIn', 400],
      [
        'a URL for 86,401 seconds',
        '/urls',
        { path: '/', expiresIn: 86_401 },
        'invalid_field',
        'expiresIn',
        400,
      ],
      ['a URL for half a second', '/urls', { path: '/', expiresIn: 0.5 }, 'invalid_field', 'expiresIn', 400],
      [
        'a URL for a text of seconds',
        '/urls',
        { path: '/', expiresIn: '60' },
        'invalid_field',
        'expiresIn',
        400,
      ],
      [
        'a URL for a user with a line feed',
        '/urls',
        { path: '/', user: 'a\nb' },
        'invalid_field',
        'user',
        400,
      ],
    ])('%s is refused, and the problem names the field', async ([, path, document, code, field, status]) => {
      const answer = await world.api.post(path, document);
      expect(answer.status).toBe(status);
      expect(answer.json).toMatchObject({ status, code, field });
      expect(answer.json['detail']).toContain(`"${field}"`);
      expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
    });

    test.for<[string, unknown, number]>([
      ['1,000 sockets', { sockets: ids(1_000), body: 'a' }, 1_000],
      ['131,072 bytes', { sockets: 'a', body: 'x'.repeat(131_072) }, 1],
      ['131,072 bytes that JSON writes with escapes', { sockets: 'a', body: '\u0001'.repeat(131_072) }, 1],
      ['an empty body', { sockets: 'a', body: '' }, 1],
    ])('a send of %s is taken', async ([, document, gone]) => {
      const answer = await world.api.post('/send', document);
      expect(answer.status).toBe(200);
      expect(answer.json['gone']).toHaveLength(gone);
    });

    test.for<[string, Record<string, string>, string | Uint8Array, number, string]>([
      ['cut JSON', json, '{"sockets":', 400, 'malformed_body'],
      ['a JSON list', json, '[]', 400, 'malformed_body'],
      ['JSON null', json, 'null', 400, 'malformed_body'],
      ['nothing', json, '', 400, 'malformed_body'],
      ['bytes that are no UTF-8', json, new Uint8Array([0x22, 0xff, 0x22]), 400, 'malformed_body'],
      ['a JSON text', json, '"hello"', 400, 'malformed_body'],
      ['a form whose escapes are no UTF-8', form, 'sockets=a&body=%ff', 400, 'malformed_body'],
      ['JSON that calls itself a form', form, '{"sockets":"a","body":"b"}', 400, 'malformed_body'],
      ['plain text', { 'Content-Type': 'text/plain' }, 'hello', 415, 'unsupported_media_type'],
      ['__proto__', json, '{"sockets":"a","body":"b","__proto__":{"x":1}}', 400, 'unknown_field'],
      ['2 MiB', json, `{"sockets":"a","body":"${'x'.repeat(2_097_152)}"}`, 413, 'body_too_large'],
    ])('a body of %s gets the right problem', async ([, headers, body, status, code]) => {
      const answer = await world.api.call('POST', '/send', { headers, body });
      expect(answer.status).toBe(status);
      expect(answer.json['code']).toBe(code);
    });

    test.for([
      ['GET', '/', 404, 'not_found'],
      ['POST', '/sends', 404, 'not_found'],
      ['GET', '/sockets/a/b', 404, 'not_found'],
      ['GET', '/send', 405, 'method_not_allowed'],
      ['HEAD', '/send', 405, ''],
      ['PUT', '/sockets/a', 405, 'method_not_allowed'],
      ['POST', '/health', 405, 'method_not_allowed'],
      ['GET', '/groups', 404, 'not_found'],
      ['GET', '/groups/a/b', 404, 'not_found'],
      ['PUT', '/groups/a', 405, 'method_not_allowed'],
      ['POST', '/groups/a/sockets/b', 405, 'method_not_allowed'],
    ] as const)('%s %s, which is no call, gets %i %s', async ([method, path, status, code], { skip }) => {
      skip(!subject.answersEverything, notOurs);
      const answer = await world.api.call(method, path);
      expect(answer.status).toBe(status);
      expect(answer.json['code'] ?? '').toBe(code);
      if (status === 405) expect(answer.headers.get('allow')).toMatch(/POST|GET|PUT/);
    });

    test.for([
      ['GET', '/sockets/AAAAAAAAAAAAAAA%3D', 404, 'unknown_socket'],
      ['GET', '/sockets/%zz', 404, 'unknown_socket'],
      ['DELETE', '/sockets/AAAAAAAAAAAAAAA=', 404, 'unknown_socket'],
      ['GET', '/sockets?limit=0', 400, 'invalid_field'],
      ['GET', '/sockets?limit=1001', 400, 'invalid_field'],
      ['GET', '/sockets?limit=x', 400, 'invalid_field'],
      ['GET', '/sockets?limit=1&limit=2', 400, 'invalid_field'],
      ['GET', '/sockets?user=', 400, 'invalid_field'],
      ['GET', '/sockets?group=', 400, 'invalid_field'],
      ['GET', '/sockets?group=a&group=b', 400, 'invalid_field'],
      ['GET', '/sockets?group=a%0Ab', 400, 'invalid_field'],
      ['GET', '/sockets?cursor=!', 400, 'invalid_field'],
      ['GET', '/sockets?page=2', 400, 'unknown_field'],
    ] as const)('%s %s gets %i %s', async ([method, path, status, code]) => {
      const answer = await world.api.call(method, path);
      expect(answer.status).toBe(status);
      expect(answer.json['code']).toBe(code);
    });

    test('forms do what JSON does, so that curl -d is enough', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      const call = (to: string, fields: [string, string][]) =>
        world.api.call('POST', to, { headers: form, body: new URLSearchParams(fields).toString() });
      const sent = await call('/send', [
        ['sockets', from],
        ['sockets', 'unknown'],
        ['body', 'a&b=c +日本'],
      ]);
      expect(sent.json).toEqual({ delivered: 1, queued: 0, gone: ['unknown'], failed: [] });
      expect(await client.next()).toBe('a&b=c +日本');
      expect(
        (
          await call('/broadcast', [
            ['body', 'no'],
            ['path', path],
            ['except', from],
          ])
        ).json['delivered'],
      ).toBe(0);
      expect(
        (
          await call('/broadcast', [
            ['body', 'yes'],
            ['path', path],
          ])
        ).json['delivered'],
      ).toBe(1);
      expect(await client.next()).toBe('yes');
      const minted = await call('/urls', [
        ['path', path],
        ['expiresIn', '60'],
      ]);
      expect(minted.status).toBe(200);
      await client.close();
    });

    test('each of two live API keys opens the API', async () => {
      const second = new Api(world.api.url, world.apiKeys[1] ?? '');
      expect((await second.call('GET', '/sockets')).status).toBe(200);
    });
  });
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `id${at}`);
}
