import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { installed, newFolder, openApi, run } from './generator.ts';

let world: LocalWorld;
let folder: string;
beforeAll(async () => {
  world = await startLocal();
  folder = await newFolder();
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true });
});

test('openapi-python-client makes a client of openapi.json, without a warning, that works', async () => {
  const generator = await installed('openapi-python-client/bin/openapi-python-client');
  // Its formatter is not installed, which it would warn of.
  await writeFile(join(folder, 'config.json'), JSON.stringify({ post_hooks: [] }));
  const what = ['--path', openApi, '--meta', 'none', '--output-path', 'client'];
  await run(generator, ['generate', ...what, '--config', 'config.json', '--fail-on-warning'], folder);

  const websocket = await connect(`${world.url}/room/1`);
  const { fields } = await world.app.hook('/room/1', 'handshake');
  const { from: socket = '' } = fields;
  await copyFile(resolve('test/clients/use_client.py'), join(folder, 'use_client.py'));
  const python = await installed('openapi-python-client/bin/python');
  const { url, key } = world.api;
  const environment = { SOCKETHOOK_API_URL: url, SOCKETHOOK_API_KEY: key };
  const written = await run(python, ['use_client.py', socket], folder, environment);

  const row = { socket, path: '/room/1', user: '', openedAt: expect.any(Number) };
  expect(JSON.parse(written)).toMatchObject({
    health: { status: 'ok' },
    send: { delivered: 1, queued: 0, gone: ['nobody'], failed: [] },
    one: { delivered: 1, queued: 0, gone: [], failed: [] },
    keyed: { delivered: 1, queued: 0, gone: [], failed: [] },
    repeated: { delivered: 1, queued: 0, gone: [], failed: [] },
    reused: { status: 422, code: 'idempotency_key_reused' },
    broadcast: { delivered: 1, queued: 0, gone: 0, failed: 0 },
    urls: { url: expect.stringContaining('?ticket='), expiresAt: expect.any(Number) },
    sockets: { sockets: [row] },
    socket: row,
    bad: { status: 400, code: 'invalid_field', field: 'sockets' },
    large: { status: 413, code: 'body_too_large', limit: 131_072 },
    stranger: { status: 401, code: 'unauthorized' },
    unknown: { status: 404, code: 'unknown_socket' },
    group: { group: 'room/1 ?', sockets: 1, users: 0, more: false },
    group_sockets: { sockets: [row] },
    group_users: { users: [] },
    in_group: { sockets: [row] },
    no_group: { status: 400, code: 'invalid_field', field: 'group' },
    room: { delivered: 1, queued: 0, gone: 0, failed: 0 },
    group_url: { url: expect.stringContaining('?ticket='), expiresAt: expect.any(Number) },
    no_socket: { status: 404, code: 'unknown_socket' },
    too_many: { status: 409, code: 'too_many_groups', limit: 50 },
    joined: 204,
    also_joined: 204,
    left: 204,
    closed: 204,
  });
  expect(await websocket.take(5)).toEqual(['room', 'sent', 'sent to one', 'once', 'broadcast']);
  expect((await websocket.closed).code).toBe(1000);
});
