import { connect as connectTcp, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { clientFrame } from '../attack/frames.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startLocal } from '../support/local.ts';
import { upgradeRequest } from '../support/raw.ts';
import { actions } from '../support/recording-app.ts';

/** The connection beneath a client. */
function tcpOf({ ws }: Client): Socket {
  return Reflect.get(ws, '_socket');
}

test('an idle socket is closed with 1001, and the app is told', async () => {
  const world = await startLocal({}, { idleMs: 200 });
  const client = await connect(`${world.url}/idle`);
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
  expect((await world.app.hook('/idle', 'closed')).fields).toMatchObject({
    code: '1001',
    reason: 'Going away',
  });
  await world.stop();
  expect(world.app.of('/idle', 'closed')).toHaveLength(1);
});

/** Far longer than the pause between two pings, so that a busy machine may be late with them. */
const busyIdleMs = 1_500;

test('pings, and messages in either direction, keep a socket from idling out', async () => {
  const world = await startLocal({}, { idleMs: busyIdleMs });
  const [pinging, sending, sent] = await Promise.all(
    ['/pinging', '/sending', '/sent'].map((path) => connect(`${world.url}${path}`)),
  );
  const { from = '' } = (await world.app.hook('/sent', 'handshake')).fields;
  const idle = await connect(`${world.url}/idle`);
  let isOver = false;
  const busy = setInterval(() => {
    if (isOver) return;
    pinging?.send('{"sockethook":"ping"}');
    sending?.send('m');
    void world.api.send(from, 'm');
  }, 50);
  await idle.closed;
  const again = await connect(`${world.url}/idle`);
  await again.closed;
  isOver = true;
  clearInterval(busy);
  expect([pinging, sending, sent].map((client) => client?.ws.readyState)).toEqual([1, 1, 1]);
  expect(world.app.of('/pinging', 'message')).toEqual([]);
  await world.stop();
});

test('pings and pongs of the protocol keep a socket from idling out', async () => {
  const world = await startLocal({}, { idleMs: busyIdleMs });
  const [pinging, ponging, idle] = await Promise.all(
    ['/pinging', '/ponging', '/idle'].map((path) => connect(`${world.url}${path}`)),
  );
  const busy = setInterval(() => {
    pinging?.ws.ping();
    ponging?.ws.pong();
  }, 50);
  expect((await idle?.closed)?.code).toBe(1001);
  await (await connect(`${world.url}/idle`)).closed;
  expect([pinging, ponging].map((client) => client?.ws.readyState)).toEqual([1, 1]);
  clearInterval(busy);
  await world.stop();
});

test('of many pings in one read the latest is answered, and the client stays', async () => {
  const world = await startLocal();
  const client = await connect(`${world.url}/pings`);
  const pongs: string[] = [];
  client.ws.on('pong', (payload) => pongs.push(payload.toString()));
  const pings = Array.from({ length: 1_000 }, (_, at) => clientFrame(9, Buffer.from(String(at))));
  // Behind the back of the client's library, so that they leave in one piece.
  tcpOf(client).write(Buffer.concat(pings));
  await eventually('the latest is answered', () => pongs.at(-1) === '999');
  expect(pongs.length).toBeLessThan(100);
  client.send('still here');
  await world.app.hook('/pings', 'message');
  await world.stop();
});

test('a socket that has lived as long as it may is closed with 1001, however busy it is', async () => {
  const world = await startLocal({}, { lifeMs: 300, idleMs: 200 });
  const client = await connect(`${world.url}/old`);
  const busy = setInterval(() => client.ws.readyState === 1 && client.send('m'), 20);
  expect((await client.closed).code).toBe(1001);
  clearInterval(busy);
  await world.app.hook('/old', 'closed');
  await world.stop();
  expect(world.app.of('/old', 'closed')).toHaveLength(1);
});

test('a client that floods is held back while the app is slow, and all that it sent is told in order', async () => {
  const world = await startLocal();
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  world.app.on('/flood', async ({ fields }) => {
    if (fields['event'] === 'message') await gate;
    return 204;
  });
  const client = await connect(`${world.url}/flood`);
  const body = 'x'.repeat(100_000);
  const count = 400;
  for (let at = 0; at < count; at++) client.send(`${at} ${body}`);
  await world.app.hook('/flood', 'message');
  // 40 MB are on their way: what the gateway does not read stays with the client, once the kernel's buffers are full.
  let before = -1;
  await eventually('the client is held back', () => {
    const isHeld = client.ws.bufferedAmount === before;
    before = client.ws.bufferedAmount;
    return isHeld;
  });
  expect(client.ws.bufferedAmount).toBeGreaterThan(20_000_000);
  go();
  await client.close();
  await world.app.hook('/flood', 'closed');
  const told = world.app.of('/flood', 'message').map(({ fields }) => Number(fields['body']?.split(' ')[0]));
  expect(told).toEqual(Array.from({ length: count }, (_, at) => at));
  await world.stop();
});

test('a client that does not read is closed with 1008, others are not held up, and the app is told', async () => {
  const world = await startLocal();
  world.app.on('/good', ({ fields }) => actions(fields['event'] === 'message' ? { reply: 'alive' } : {}));
  const deaf = connectTcp(world.gateway.port, '127.0.0.1');
  deaf.pause();
  deaf.on('error', () => {});
  deaf.write(upgradeRequest('/deaf'));
  const { from = '' } = (await world.app.hook('/deaf', 'handshake')).fields;
  const good = await connect(`${world.url}/good`);
  const body = 'x'.repeat(131_072);
  const codes = new Set<unknown>();
  await eventually('the slow reader is given up', async () => {
    const { json } = await world.api.send(from, body);
    for (const { code } of json['failed'] as { code: string }[]) codes.add(code);
    return codes.size > 0 || (json['gone'] as string[]).length > 0;
  });
  expect([...codes]).toEqual(['slow_client']);
  expect((await world.app.hook('/deaf', 'closed')).fields).toMatchObject({ code: '1008' });
  good.send('m');
  expect(await good.next()).toBe('alive');
  deaf.destroy();
  await world.stop();
});

test('LIMITS=none lifts the limits of size, both ways', async () => {
  const world = await startLocal({ LIMITS: 'none' }, { messageBytes: 16_777_216, unsentBytes: 33_554_432 });
  world.app.on('/big', ({ fields }) => (fields['event'] === 'message' ? 204 : 204));
  const client = await connect(`${world.url}/big`);
  const { from = '' } = (await world.app.hook('/big', 'handshake')).fields;
  const body = 'x'.repeat(1_000_000);
  client.send(body);
  expect((await world.app.hook('/big', 'message')).fields['body']).toBe(body);
  expect((await world.api.send(from, body)).json['delivered']).toBe(1);
  expect(await client.next()).toBe(body);
  await client.close();
  await world.stop();
});

test('a text of more bytes than may wait for its hook holds nothing back: what follows it is told', async () => {
  const world = await startLocal({}, { waitingBytes: 10_000 });
  const client = await connect(`${world.url}/long`);
  client.ws.send('x'.repeat(100_000), { fin: false });
  client.ws.send('y');
  client.send('next');
  await world.app.hook('/long', 'message', ({ fields }) => fields['body'] === 'next');
  await client.close();
  await world.stop();
});

test('a message that no browser could send on AWS is taken and logged, once, and one of 32 KiB is not', async () => {
  const world = await startLocal();
  const client = await connect(`${world.url}/large`);
  const told = (bytes: number) =>
    world.app.hook('/large', 'message', ({ fields }) => fields['body']?.length === bytes);
  client.send('x'.repeat(32_768));
  await told(32_768);
  expect(world.log.of('message_too_large_for_aws')).toEqual([]);
  for (const bytes of [32_769, 32_770]) {
    client.send('x'.repeat(bytes));
    await told(bytes);
  }
  const fields = { bytes: 32_769, socket: expect.any(String), why: expect.stringMatching('32 KiB') };
  expect(world.log.of('message_too_large_for_aws')).toMatchObject([{ level: 'warn', fields }]);
  await world.stop();
});

test('without limits nobody is told of what AWS would not take', async () => {
  const world = await startLocal({}, limitSets.none);
  const client = await connect(`${world.url}/large`);
  client.send('x'.repeat(40_000));
  await world.app.hook('/large', 'message');
  expect(world.log.of('message_too_large_for_aws')).toEqual([]);
  await world.stop();
});
