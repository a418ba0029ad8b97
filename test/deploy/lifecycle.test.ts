import { sign } from 'aws4';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { Api } from '../support/api.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { testSecrets } from '../support/local.ts';
import { actions, RecordingApp } from '../support/recording-app.ts';
import { Deployment } from './deployment.ts';
import { inventory, nothing } from './inventory.ts';

describe('a stack', () => {
  let stack: Deployment;
  const [before, after] = [new RecordingApp(), new RecordingApp()];
  beforeAll(async () => {
    await before.listen();
    await after.listen();
    stack = await Deployment.bootstrapped();
  });
  afterAll(async () => {
    await stack.stop();
    await before.stop();
    await after.stop();
  });

  const everything = {
    ...{ tables: 3, queues: 4, secrets: 3, logs: 12, rules: 1 },
    ...{ functions: 12, apis: 2, roles: 12, alarms: 5, dashboards: 1 },
  };

  test('deployed anew with another base URL, keeps the sockets that are open', async () => {
    await stack.deploy({ webhookBaseUrl: before.baseUrl });
    expect(await inventory(stack.ministack)).toEqual(everything);
    const path = freshPath();
    const client = await connect(`${stack.webSocketUrl}?path=${path}`);
    const { from = '' } = (await before.hook(path, 'handshake')).fields;
    const api = new Api(stack.apiUrl, testSecrets.apiKeys[0] ?? '');
    await stack.deploy({ webhookBaseUrl: after.baseUrl });
    expect((await api.call('GET', `/sockets/${encodeURIComponent(from)}`)).json['socket']).toBe(from);
    client.send('still here');
    expect((await after.hook(path, 'message')).fields).toMatchObject({ from, body: 'still here' });
    expect((await api.send(from, 'hello')).json).toMatchObject({ delivered: 1 });
    expect(await client.next()).toBe('hello');
    await client.close();
    expect((await after.hook(path, 'closed')).fields['from']).toBe(from);
    expect(before.of(path).map(({ fields }) => fields['event'])).toEqual(['handshake']);
  });

  test('has groups: every function may do with them what it must', async () => {
    const path = freshPath();
    after.on(path, ({ fields: { event, body } }) => {
      if (event === 'handshake') return actions({ join: ['lobby'], user: 'alice' });
      if (body === 'move') return actions({ join: ['room'], leave: ['lobby'] });
      if (body === 'tell') return actions({ broadcast: [{ body: 'by the queue', group: 'room' }] });
      return 204;
    });
    const api = new Api(stack.apiUrl, testSecrets.apiKeys[0] ?? '');
    const listed = async (group: string): Promise<unknown[]> => {
      const { json } = await api.call('GET', `/sockets?group=${group}`);
      return (json['sockets'] as { socket: string }[]).map(({ socket }) => socket);
    };
    const client = await connect(`${stack.webSocketUrl}?path=${path}`);
    const { from = '' } = (await after.hook(path, 'handshake')).fields;
    expect(await listed('lobby')).toEqual([from]);
    client.send('move');
    await eventually('it is in the other group', async () => (await listed('room')).includes(from));
    expect(await listed('lobby')).toEqual([]);
    expect((await api.broadcast({ body: 'by a call', group: 'room' })).json).toMatchObject({ delivered: 1 });
    expect(await client.next()).toBe('by a call');
    client.send('tell');
    expect(await client.next()).toBe('by the queue');
    const id = encodeURIComponent(from);
    expect((await api.call('PUT', `/groups/-/sockets/${id}?group=a%2Fb`)).status).toBe(204);
    expect((await api.call('GET', '/groups/-?group=a%2Fb')).json).toMatchObject({ sockets: 1, users: 1 });
    expect((await api.call('GET', '/groups/room/users')).json).toEqual({
      users: [{ user: 'alice', sockets: 1 }],
    });
    expect((await api.call('DELETE', `/groups/room/sockets/${id}`)).status).toBe(204);
    expect(await listed('room')).toEqual([]);
    await client.close();
    expect(JSON.parse((await after.hook(path, 'closed')).fields['groups'] ?? '')).toEqual(['a/b']);
    await eventually('it has left', async () => (await listed('a%2Fb')).length === 0);
  });

  test('has large broadcasts: one goes through both queues, and its counts add up', async () => {
    const path = freshPath();
    const client = await connect(`${stack.webSocketUrl}?path=${path}`);
    const { from = '' } = (await after.hook(path, 'handshake')).fields;
    await stack.openSockets(500);
    const api = new Api(stack.apiUrl, testSecrets.apiKeys[0] ?? '');
    const { status, json } = await api.broadcast({ body: 'to all' });
    expect(status).toBe(202);
    const progress = async () => (await api.call('GET', `/broadcasts/${json['broadcast']}`)).json;
    const counts = { found: 501, delivered: 1, queued: 500, gone: 0, failed: 0 };
    // Each call is a process of the emulator.
    const patience = { interval: 500, timeout: 90_000 };
    await expect.poll(progress, patience).toMatchObject({ status: 'done', ...counts });
    expect([await client.next(), client.left]).toEqual(['to all', []]);
    await client.close();
    await after.hook(path, 'closed', ({ fields }) => fields['from'] === from);
  }, 120_000);

  test('sweeps as it may: it finds a socket that an accident left, and its app is told', async () => {
    const path = freshPath();
    const client = await connect(`${stack.webSocketUrl}?path=${path}`);
    const { from = '' } = (await after.hook(path, 'handshake')).fields;
    await stack.age(from);
    expect(await stack.invoke('sweep', { time: '2026-01-01T00:00:00Z' })).toBeNull();
    expect((await after.hook(path, 'closed')).fields).toMatchObject({ from, code: '1006' });
    await client.closed;
  });

  test('with IAM lets in whom IAM knows, by a signature alone', async () => {
    await stack.deploy({ webhookBaseUrl: after.baseUrl, apiAuth: 'iam' });
    const { host, pathname } = new URL(`${stack.apiUrl}/sockets`);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const signed = sign({ host, path: pathname, service: 'execute-api', region: 'us-east-1' }, credentials);
    const call = (headers: Record<string, string>) => fetch(`${stack.apiUrl}/sockets`, { headers });
    expect((await call({ ...signed.headers } as Record<string, string>)).status).toBe(200);
    expect((await call({})).status).toBe(403);
    expect((await call({ Authorization: `Bearer ${testSecrets.apiKeys[0]}` })).status).not.toBe(200);
    expect((await fetch(`${stack.apiUrl}/health`)).status).toBe(200);
  });

  test('destroyed, leaves nothing behind', async () => {
    await stack.cdk.destroy();
    expect(await inventory(stack.ministack)).toEqual(nothing);
  });

  test('destroyed when it was told to retain, leaves what holds data', async () => {
    await stack.deploy({ webhookBaseUrl: after.baseUrl, removalPolicy: 'retain' });
    await stack.cdk.destroy();
    expect(await inventory(stack.ministack)).toEqual({
      ...nothing,
      tables: 3,
      queues: 4,
      secrets: 3,
      logs: 12,
    });
  });
});
