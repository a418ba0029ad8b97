import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { apps, aRequest, type MakeApp, rawAnswer } from './app-world.ts';
import { RawServer } from './raw-server.ts';

const head = 'HTTP/1.1 200 OK\nContent-Type: application/vnd.sockethook+json';

/** By when a hook of 150 ms is over, on a machine that is busy. A hook without a time of its own would get 10 s. */
const soonMs = 5_000;

/** An app that hangs, is not there, or answers nonsense. */
export function failuresContract(name: string, make: MakeApp): void {
  describe(`${name}: an app that fails`, () => {
    const start = apps(make);

    test.for([
      { what: 'never answers', answer: '' },
      { what: 'stops within its status line', answer: 'HTTP/1.1 20' },
      { what: 'stops within its headers', answer: rawAnswer(head).replace(/\r\n$/, 'X-') },
      { what: 'stops before its body', answer: rawAnswer(`${head}\nContent-Length: 5`) },
      { what: 'stops within its body', answer: rawAnswer(`${head}\nContent-Length: 5`, '{') },
      {
        what: 'stops between its chunks',
        answer: rawAnswer(`${head}\nTransfer-Encoding: chunked`, '1\r\n{\r\n'),
      },
      { what: 'says only that it processes', answer: rawAnswer('HTTP/1.1 102 Processing') },
    ])('an app that $what is given up in time, and its connection too', async ({ answer }) => {
      const { app, origin, server } = await start.raw((connection) => void connection.write(answer));
      const begun = performance.now();
      expect(await app.post(aRequest(origin, { timeoutMs: 150 }))).toEqual({ kind: 'timeout' });
      expect(performance.now() - begun).toBeGreaterThan(100);
      expect(performance.now() - begun).toBeLessThan(soonMs);
      await eventually('the connection is closed', () => server.counts.closed === 1);
    });

    test('an app whose answer trickles is given up in time', async () => {
      const { app, origin } = await start.raw((connection) => {
        connection.write(rawAnswer(`${head}\nContent-Length: 5000`));
        const trickle = setInterval(() => connection.write('x'), 20);
        connection.on('close', () => clearInterval(trickle));
      });
      expect(await app.post(aRequest(origin, { timeoutMs: 150 }))).toEqual({ kind: 'timeout' });
    });

    test('an app that does not complete TLS is given up in time', async () => {
      const server = new RawServer(() => {});
      const origin = (await server.listen()).replace('http:', 'https:');
      const app = await start.at(origin);
      const begun = performance.now();
      expect(await app.post(aRequest(origin, { timeoutMs: 150 }))).toEqual({ kind: 'timeout' });
      expect(performance.now() - begun).toBeLessThan(soonMs);
      await server.stop();
    });

    test('an answer of another type is taken by its status though its body never ends', async () => {
      const answer = rawAnswer('HTTP/1.1 200 OK\nContent-Type: text/event-stream', 'data: 1\n\n');
      const { app, origin, server } = await start.raw((connection) => void connection.write(answer));
      const response = await app.post(aRequest(origin, { timeoutMs: 150 }));
      expect(response).toMatchObject({ kind: 'response', status: 200 });
      await eventually('the connection is closed', () => server.counts.closed === 1);
    });

    test('a hook whose time has passed before it could be sent is not sent', async () => {
      const { app, origin, server } = await start.raw((connection) =>
        connection.write(rawAnswer('HTTP/1.1 204 No Content')),
      );
      // On Node.js, after an immediate come timers, and only then connections. On Bun connections may come first.
      await new Promise((resolve) => setImmediate(resolve));
      const late = app.post(aRequest(origin, { path: '/late', timeoutMs: 1 }));
      const begun = performance.now();
      while (performance.now() - begun < 20);
      expect(await late).toEqual({ kind: 'timeout' });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
      expect(server.requests.map((request) => request.split(' ')[1])).toEqual(['/hook']);
    });

    test('an app that does not listen is unreachable', async () => {
      const server = new RawServer(() => {});
      const origin = await server.listen();
      await server.stop();
      const response = await (await start.at(origin)).post(aRequest(origin));
      expect(response).toMatchObject({ kind: 'unreachable', why: expect.stringMatching(/\S/) });
    });

    test('an app whose name is unknown is unreachable', async () => {
      const origin = 'http://sockethook.invalid';
      expect(await (await start.at(origin)).post(aRequest(origin))).toMatchObject({ kind: 'unreachable' });
    });

    test('an app that comes back is reached again', async () => {
      const { app, origin, server } = await start.raw((connection) => connection.destroy());
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
      await server.stop();
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'unreachable' });
      const port = Number(new URL(origin).port);
      const again = new RawServer((connection) => connection.write(rawAnswer('HTTP/1.1 204 No Content')));
      await again.listen(port);
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'response', status: 204 });
      await again.stop();
    });

    test.for([
      { what: 'closes without an answer', answer: '' },
      { what: 'closes within its headers', answer: rawAnswer(head).replace(/\r\n$/, 'X-') },
      { what: 'closes within its body', answer: rawAnswer(`${head}\nContent-Length: 5`, '{') },
      {
        what: 'closes between its chunks',
        answer: rawAnswer(`${head}\nTransfer-Encoding: chunked`, '1\r\n{\r\n'),
      },
      { what: 'speaks something else', answer: 'SSH-2.0-OpenSSH_9.6\r\n\r\n' },
      { what: 'has a broken header', answer: rawAnswer('HTTP/1.1 200 OK\nno colon') },
      { what: 'has a broken chunk', answer: rawAnswer(`${head}\nTransfer-Encoding: chunked`, 'zz\r\n{}') },
      {
        what: 'has headers without an end',
        answer: rawAnswer(head).replace(/\r\n$/, `X: ${'x'.repeat(200_000)}`),
      },
    ])('the answer of an app that $what is broken', async ({ answer }) => {
      const { app, origin } = await start.raw((connection) => void connection.end(answer));
      const response = await app.post(aRequest(origin));
      expect(response).toMatchObject({ kind: 'broken', why: expect.stringMatching(/\S/) });
    });
  });
}
