import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { apps, aRequest, type MakeApp, rawAnswer } from './app-world.ts';

const actionsType = 'application/vnd.sockethook+json';
const maxBytes = 1_048_576;

/** What the app answers. */
export function answersContract(name: string, make: MakeApp): void {
  describe(`${name}: the app’s answer`, () => {
    const start = apps(make);

    test('an answer with actions comes back whole', async () => {
      const body = '{"reply":"dr😀i"}';
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(201, { 'Content-Type': `${actionsType}; charset=utf-8` }).end(body);
      });
      const contentType = `${actionsType}; charset=utf-8`;
      expect(await app.post(aRequest(origin))).toEqual({
        ...{ kind: 'response', status: 201, contentType, retryAfter: '', refusal: [], body },
      });
    });

    test.for([200, 204, 301, 400, 404, 429, 500, 503])('status %i comes back', async (status) => {
      const { app, origin } = await start.http((_, response) => void response.writeHead(status).end());
      const expected = { kind: 'response', status, contentType: '', retryAfter: '', refusal: [], body: '' };
      expect(await app.post(aRequest(origin))).toEqual(expected);
    });

    test('a Retry-After comes back as it stands', async () => {
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(429, { 'rEtRy-AfTeR': 'Wed, 21 Oct 2026 07:28:00 GMT' }).end();
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' });
    });

    test('what a refused client is to be told comes back', async () => {
      const refusal = [
        ['WWW-Authenticate', 'Basic realm="a"'],
        ['WWW-Authenticate', 'Digest realm="b"'],
      ];
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(401, { 'www-authenticate': refusal.map(([, value = '']) => value) }).end();
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 401, refusal });
    });

    test.for([301, 302, 303, 307, 308])('a redirect with %i is not followed', async (status) => {
      const paths: (string | undefined)[] = [];
      const { app, origin } = await start.http((request, response) => {
        paths.push(request.url);
        response.writeHead(status, { Location: '/elsewhere' }).end();
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'response', status });
      expect(paths).toEqual(['/hook']);
    });

    test('an answer in chunks comes back whole', async () => {
      const chunks = '5\r\n{"rep\r\n5\r\nly":"\r\n3\r\n1"}\r\n0\r\n\r\n';
      const head = `HTTP/1.1 200 OK\nContent-Type: ${actionsType}\nTransfer-Encoding: chunked`;
      const { app, origin } = await start.raw((connection) => connection.write(rawAnswer(head, chunks)));
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '{"reply":"1"}' });
    });

    test.for(['gzip', 'x-gzip, br'])(
      'actions that came with Content-Encoding %s can’t be read, which is said',
      async (coding) => {
        const { app, origin } = await start.http((_, response) => {
          response.writeHead(200, { 'Content-Type': actionsType, 'Content-Encoding': coding });
          response.end(gzipSync('{"reply":"1"}'));
        });
        const unreadable = `The answer has Content-Encoding ${coding}.`;
        expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '', unreadable });
      },
    );

    test.for([
      { coding: 'identity', type: actionsType, body: '{}' },
      { coding: 'Identity', type: actionsType, body: '{}' },
      { coding: 'gzip', type: actionsType, body: '' },
      { coding: 'gzip', type: 'text/plain', body: 'ignored' },
    ])('an answer of $type with Content-Encoding $coding is taken as it is ($body)', async (given) => {
      const { coding, type, body } = given;
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(200, { 'Content-Type': type, 'Content-Encoding': coding }).end(body);
      });
      const answer = await app.post(aRequest(origin));
      expect(answer).toMatchObject({ status: 200, body: type === actionsType ? body : '' });
      expect(answer).not.toHaveProperty('unreadable');
    });

    test('actions behind a byte order mark come without it, and what is no UTF-8 can’t be read', async () => {
      const bodies = [Buffer.from('\ufeff{}'), Buffer.from('7b22c3227d', 'hex'), Buffer.from('"\ufffd"')];
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(200, { 'Content-Type': actionsType }).end(bodies.shift());
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '{}' });
      const unreadable = 'The answer is not UTF-8.';
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '', unreadable });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '"\ufffd"' });
    });

    test('a letter that is split between two packets comes back whole', async () => {
      const bytes = Buffer.from('"😀"');
      const { app, origin } = await start.raw((connection) => {
        const head = `HTTP/1.1 200 OK\nContent-Type: ${actionsType}\nContent-Length: ${bytes.length}`;
        connection.write(rawAnswer(head));
        connection.write(bytes.subarray(0, 3), () => setImmediate(() => connection.write(bytes.subarray(3))));
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '"😀"' });
    });

    test('a server of HTTP/1.0, which ends its answer by closing, is understood', async () => {
      const head = `HTTP/1.0 200 OK\nContent-Type: ${actionsType}`;
      const { app, origin } = await start.raw((connection) => connection.end(rawAnswer(head, '{}')));
      for (let post = 0; post < 3; post++) {
        expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '{}' });
      }
    });

    test.for([
      { status: 103, early: '103 Early Hints\nLink: </a>; rel=preload' },
      { status: 102, early: '102 Processing' },
    ])('an informational $status is passed over', async ({ early }) => {
      const { app, origin } = await start.raw((connection) => {
        connection.write(rawAnswer(`HTTP/1.1 ${early}`));
        connection.write(rawAnswer(`HTTP/1.1 200 OK\nContent-Type: ${actionsType}\nContent-Length: 2`, '{}'));
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: '{}' });
    });

    test('actions of 1 MiB come back, of one byte more are broken', async () => {
      const sizes = [maxBytes, maxBytes + 1];
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(200, { 'Content-Type': actionsType }).end('x'.repeat(sizes.shift() ?? 0));
      });
      const whole = await app.post(aRequest(origin));
      expect(whole.kind === 'response' ? whole.body.length : whole).toBe(maxBytes);
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'response', body: '' });
    });

    test.for(['text/html', 'application/octet-stream', 'application/json', ''])(
      'an answer of type "%s" is taken by its status, however long it is',
      async (type) => {
        const { app, origin } = await start.http((_, response) => {
          response.writeHead(200, type === '' ? {} : { 'Content-Type': type }).end('x'.repeat(3 * maxBytes));
        });
        const expected = { kind: 'response', status: 200, contentType: type };
        for (let post = 0; post < 3; post++) expect(await app.post(aRequest(origin))).toMatchObject(expected);
      },
    );

    test('the body of a refusal may be as long as it likes', async () => {
      const { app, origin } = await start.http((_, response) => {
        response.writeHead(500, { 'Content-Type': actionsType }).end('x'.repeat(3 * maxBytes));
      });
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'response', status: 500 });
    });
  });
}
