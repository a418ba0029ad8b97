import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { close, pieces } from './client-frames.ts';
import { RawWebSocket } from './raw-web-socket.ts';
import { maxBytes, violations } from './violations.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal({}, { messageBytes: maxBytes });
});
afterAll(() => world.stop());

const reasons: Readonly<Record<number, string>> = {
  1002: 'Protocol error',
  1003: 'Only text messages are supported',
  1007: 'Invalid UTF-8',
  1009: 'Message too big',
};

test.for(violations.map((violation, at) => ({ ...violation, path: `/violation/${at}` })))(
  '$name: the client gets $code, the app is told the same, and what came before it',
  async ({ path, bytes, code, texts = [] }) => {
    const client = await RawWebSocket.open(world.gateway.port, path);
    await (bytes.length < 50 ? client.sendAll(pieces(bytes, 1)) : client.send(bytes));
    expect(await client.ended).toBe(true);
    expect(client.frames).toHaveLength(1);
    expect(client.close).toEqual({ code, reason: reasons[code] });
    const { fields } = await world.app.hook(path, 'closed');
    expect([fields['code'], fields['reason']]).toEqual([String(code), reasons[code]]);
    expect(world.app.of(path, 'message').map((hook) => hook.fields['body'])).toEqual(texts);
    client.destroy();
  },
);

test.for<[string, number | undefined, string]>([
  ['1000', 1000, ''],
  ['1001-with-reason', 1001, 'page left'],
  ['4999', 4999, 'tschüß 😀'],
  ['nothing', undefined, ''],
])(
  'a client that closes with %s gets the code back, and the app is told it',
  async ([name, code, reason]) => {
    const client = await RawWebSocket.open(world.gateway.port, `/closes/${name}`);
    await client.send(close(code, reason));
    expect(await client.ended).toBe(true);
    expect(client.close).toEqual({ code: code ?? 1005, reason: '' });
    const { fields } = await world.app.hook(`/closes/${name}`, 'closed');
    expect([fields['code'], fields['reason']]).toEqual([String(code ?? 1005), reason]);
    client.destroy();
  },
);

test('the app is told 1006 of a client that hangs up within a frame', async () => {
  const client = await RawWebSocket.open(world.gateway.port, '/hangs-up');
  await client.send(Buffer.from('81850102', 'hex'));
  client.destroy();
  expect((await world.app.hook('/hangs-up', 'closed')).fields['code']).toBe('1006');
});
