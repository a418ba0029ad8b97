import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { apps, aRequest, type MakeApp, rawAnswer } from './app-world.ts';

const noContent = rawAnswer('HTTP/1.1 204 No Content');

/** Connections to the app: kept alive, and as many as there are hooks under way. */
export function connectionsOfAppContract(name: string, make: MakeApp): void {
  describe(`${name}: connections to the app`, () => {
    const start = apps(make);

    test.for([
      { what: '204', answer: noContent },
      { what: 'a body that is read', answer: jsonAnswer('application/vnd.sockethook+json', '{}') },
      { what: 'a body that is ignored', answer: jsonAnswer('text/plain', 'x'.repeat(100_000)) },
      { what: 'a refusal', answer: rawAnswer('HTTP/1.1 500 No\nContent-Length: 4', 'oops') },
    ])('posts one after another share a connection ($what)', async ({ what, answer }) => {
      const { app, origin, server } = await start.raw((connection) => connection.write(answer));
      for (let post = 0; post < 20; post++) {
        expect((await app.post(aRequest(origin))).kind).toBe('response');
      }
      expect(server.requests).toHaveLength(20);
      // An ignored body may still be on its way when its status is told.
      expect(server.counts.opened).toBeLessThan(what === 'a body that is ignored' ? 15 : 3);
    });

    test('an app that closes its connection after each answer is reached again', async () => {
      const answer = rawAnswer('HTTP/1.1 204 No Content\nConnection: close');
      const { app, origin, server } = await start.raw((connection) => connection.end(answer));
      for (let post = 0; post < 5; post++) {
        expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
      }
      expect(server.counts.opened).toBe(5);
    });

    test('50 posts that hang do not hold up the 51st', async () => {
      let hanging = 0;
      const { app, origin } = await start.http((request, response) => {
        if (request.url === '/hang') hanging += 1;
        else response.writeHead(204).end();
      });
      const path = '/hang';
      const posts = Array.from({ length: 50 }, () => app.post(aRequest(origin, { path, timeoutMs: 2_000 })));
      await eventually('50 posts hang', () => hanging === 50);
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
      expect(new Set((await Promise.all(posts)).map(({ kind }) => kind))).toEqual(new Set(['timeout']));
    });

    test('posts at once are answered each with its own', async () => {
      const { app, origin } = await start.http((request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/vnd.sockethook+json' }).end(request.url);
      });
      const paths = Array.from({ length: 200 }, (_, at) => `/${at}`);
      const answers = await Promise.all(paths.map((path) => app.post(aRequest(origin, { path }))));
      expect(answers.map((answer) => (answer.kind === 'response' ? answer.body : answer))).toEqual(paths);
    });

    test('an app port that stops ends the posts under way', async () => {
      const { origin, server } = await start.raw(() => {});
      const { app, stop } = await make(origin);
      const post = app.post(aRequest(origin));
      await eventually('the post is there', () => server.requests.length === 1);
      await stop();
      expect(await post).toMatchObject({ kind: 'broken' });
    });
  });
}

function jsonAnswer(type: string, body: string): string {
  return rawAnswer(`HTTP/1.1 200 OK\nContent-Type: ${type}\nContent-Length: ${body.length}`, body);
}
