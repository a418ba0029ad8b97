import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { firstSecret, postThroughProxy } from '../examples/signed.ts';
import type { Api } from '../support/api.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { otherPaths, samePaths } from '../wire/escaped-urls.ts';
import { type Run, startApp } from './started-app.ts';

const form = 'application/x-www-form-urlencoded';

const wsgi: Run = { command: 'python3', file: 'wsgi.py', imported: ['app.py'] };
const server = 'test/readme/raw_target.py';

interface Case {
  readonly name: string;
  readonly run: Run;
  readonly variables?: Readonly<Record<string, string>>;
  readonly refusedPaths?: typeof otherPaths;
}

const cases: readonly Case[] = [
  { name: 'plain.mjs', run: { command: 'node', file: 'plain.mjs' } },
  { name: 'app.py', run: { command: 'python3', file: 'app.py' } },
  // PATH_INFO can't tell an escaped slash from a slash, and this server has nothing else.
  { name: 'wsgi.py', run: wsgi, refusedPaths: otherPaths.filter((pair) => !isSameDecoded(pair)) },
  { name: 'wsgi.py with RAW_URI', run: { ...wsgi, server }, variables: { TARGET_NAME: 'RAW_URI' } },
  { name: 'wsgi.py with REQUEST_URI', run: { ...wsgi, server }, variables: { TARGET_NAME: 'REQUEST_URI' } },
];

describe.for(cases)('$name', ({ run, variables, refusedPaths = otherPaths }) => {
  test('answers what clients say, takes every hook, and refuses what the gateway did not sign', async () => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}/websocket`;
    const world = await startLocal({ WEBHOOK_BASE_URL: base });
    const environment = appEnvironment(world.gateway, testSecrets);
    const app = await startApp(run, { ...variables, ...environment, PORT: String(port) });
    try {
      const client = await connect(`${world.url}/foo/b%20r?x=1`);
      for (const body of ['hello', '日本 & +=%', '']) {
        client.send(body);
        expect(await client.next()).toBe(`You said: ${body}`);
      }
      const long = '\u0001'.repeat(131_000);
      client.send(long);
      expect(await client.next()).toBe(`You said: ${long}`);
      await client.close();
      await eventually('closed is done', async () => (await sockets(world.api)) === 0);
      expect(world.log.lines.map(({ event }) => event)).toEqual(['message_too_large_for_aws']);
      await hangUp(port);
      for (const headers of [{}, signed('v1,AAAA'), signed('v1,ä'), signed(`v1,${'A'.repeat(43)}=`)]) {
        const init = { method: 'POST', body: 'event=message&body=x&path=%2F', headers };
        const answer = await fetch(`${base}/message/`, {
          ...init,
          headers: { ...headers, 'Content-Type': form },
        });
        expect(answer.status).toBe(401);
      }
    } finally {
      await world.stop();
      await app.stop();
    }
  });

  test('refuses a hook that is replayed at another URL', async () => {
    const recorder = new RecordingApp();
    const world = await startLocal({ WEBHOOK_BASE_URL: await recorder.listen() });
    const port = await freePort();
    const environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
    const app = await startApp(run, { ...variables, ...environment });
    try {
      await (await connect(`${world.url}/here`)).close();
      const { raw, headers: all } = await recorder.hook('/here', 'closed');
      const headers = Object.fromEntries(
        Object.entries(all).filter(([name]) => /^webhook-|^content-type/.test(name)),
      ) as Record<string, string>;
      const status = async (path: string): Promise<number> =>
        (
          await fetch(`http://127.0.0.1:${port}/websocket${path}`, {
            method: 'POST',
            body: raw,
            headers,
          })
        ).status;
      expect(await status('/closed/here')).toBeLessThan(300);
      expect(await status('/message/here')).toBe(401);
      expect(await status('/closed/there')).toBe(401);
    } finally {
      await world.stop();
      await recorder.stop();
      await app.stop();
    }
  });

  test('takes a hook however a proxy escapes its path, and refuses it at another', async () => {
    const port = await freePort();
    const app = await startApp(run, {
      ...variables,
      PORT: String(port),
      SOCKETHOOK_WEBHOOK_SECRET: firstSecret,
    });
    try {
      for (const [path, arrives] of samePaths)
        expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 200]);
      for (const [path, arrives] of refusedPaths)
        expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 401]);
    } finally {
      await app.stop();
    }
  });
});

/** Whether two paths are the same once every escape is decoded. */
function isSameDecoded([path, arrives]: readonly [string, string]): boolean {
  try {
    return decodeURIComponent(path) === decodeURIComponent(arrives);
  } catch {
    return false;
  }
}

/** A caller that announces a body, and leaves in the middle of it. */
async function hangUp(port: number): Promise<void> {
  const caller = createConnection(port, '127.0.0.1');
  caller.write('POST /websocket/message/ HTTP/1.1\r\nHost: app\r\nContent-Length: 100\r\n\r\nevent=');
  await once(caller, 'connect');
  caller.resetAndDestroy();
  await once(caller, 'close');
}

function signed(signature: string): Record<string, string> {
  return {
    'webhook-id': 'message_x',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': signature,
  };
}

async function sockets(api: Api): Promise<number> {
  return ((await api.call('GET', '/sockets')).json['sockets'] as unknown[]).length;
}
