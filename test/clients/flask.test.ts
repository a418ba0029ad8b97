import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { CommandLine } from '../commands/command.ts';
import { hookBody, postThroughProxy, signed } from '../examples/signed.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { postAsIs } from '../support/post-as-is.ts';
import { installed } from './generator.ts';

let world: LocalWorld;
let app: ChildApp;
let line: CommandLine;
let port: number;
beforeAll(async () => {
  const python = await installed('flask/bin/python');
  line = await CommandLine.build();
  port = await freePort();
  world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  const environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  const quiet = { PYTHONDONTWRITEBYTECODE: '1' };
  app = await ChildApp.start(python, [resolve('examples/flask/app.py')], { ...quiet, ...environment });
});
afterAll(async () => {
  await world?.stop();
  await app?.stop();
});

test('the Flask example passes what is said in a room on to those in it, and to no others', async () => {
  const alice = await connect(`${world.url}/room/a%2Fb`);
  expect(await alice.next()).toBe('Somebody came in.');
  const bob = await connect(`${world.url}/room/a%2Fb`);
  expect(await alice.next()).toBe('Somebody came in.');
  expect(await bob.next()).toBe('Somebody came in.');
  const carol = await connect(`${world.url}/room/a`);
  expect(await carol.next()).toBe('Somebody came in.');
  bob.send('héllo');
  for (const client of [alice, bob]) expect(await client.next()).toBe('Somebody: héllo');
  await bob.close();
  expect(await alice.next()).toBe('Somebody left.');
  carol.send('x'.repeat(2_001));
  expect(await carol.next()).toBe('Not sent: over 2000 characters.');
  await alice.close();
  await carol.close();
  expect(world.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test.for(['form', 'json'])(
  '`sockethook check` finds no fault in the Flask example, with hooks in %s',
  async (format) => {
    const args = ['check', `http://127.0.0.1:${port}/websocket`, '--webhook-format', format, '--json'];
    const ran = await line.run(args, { SOCKETHOOK_WEBHOOK_SECRET: testSecrets.webhookSecrets[0] });
    expect([ran.code, JSON.parse(ran.output).faults], ran.output).toEqual([0, 0]);
  },
);

test('the Flask example takes a path that a proxy has escaped in another way, and no other path', async () => {
  expect(await postThroughProxy(port, '/a%40b', '/a@b')).toBe(200);
  expect(await postThroughProxy(port, '/a%2Fb', '/a/b')).toBe(401);
  const body = hookBody({ path: '/here', event: 'closed' });
  expect(await postAsIs(port, '/websocket/message/here', signed(body), body)).toBe(401);
});
