import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { HttpsApp } from '../../functions/aws/https-app.ts';
import { portOf } from '../contract/ports/port-of.ts';

test('an app that dies under a hook may have acted on it, though nobody is there when it is tried again', async () => {
  let hooks = 0;
  const server = createServer((request, response) => {
    hooks += 1;
    if (hooks === 1) {
      request.resume().on('end', () => response.writeHead(204).end());
      return;
    }
    server.close();
    request.socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${portOf(server)}`;
  const app = new HttpsApp(origin);
  const hook = {
    url: `${origin}/websocket/handshake/`,
    headers: {},
    body: 'event=handshake',
    timeoutMs: 2_000,
  };
  expect(await app.post(hook)).toMatchObject({ kind: 'response', status: 204 });
  expect(await app.post(hook)).toEqual({ kind: 'broken', why: 'ECONNREFUSED' });
  expect(hooks).toBe(2);
  await app.stop();
});
