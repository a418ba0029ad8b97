import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { json } from '../../functions/wire/formats/json.ts';
import { hookHeaders, userAgent } from '../../functions/wire/hook-headers.ts';
import { sign } from '../../functions/wire/sign.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { aHook, socketId } from './a-hook.ts';
import { must } from './must.ts';

const secrets = [1, 2].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`);
const keys = secrets.map((secret) => must(parseSigningKey(secret)));
const content = { contentType: 'application/json', body: '{}' };

test('a hook carries its signature, its id and the time of this attempt', () => {
  const id = `handshake_${socketId}`;
  expect(hookHeaders(aHook(), content, 1_764_000_000, keys)).toEqual({
    'User-Agent': 'Sockethook/0.1',
    'Accept-Encoding': 'identity',
    'Content-Type': 'application/json',
    'WebSocket-Origin': '',
    'webhook-id': id,
    'webhook-timestamp': '1764000000',
    'webhook-signature': sign({ id, timestamp: 1_764_000_000, body: '{}' }, keys),
  });
});

test('a retry keeps the id of the hook, with a new time and signature', () => {
  const first = hookHeaders(aHook(), content, 1_764_000_000, keys);
  const second = hookHeaders(aHook(), content, 1_764_000_060, keys);
  expect(second['webhook-id']).toBe(first['webhook-id']);
  expect(second['webhook-signature']).not.toBe(first['webhook-signature']);
});

test('every live key signs', () => {
  const signature = hookHeaders(aHook(), content, 1_764_000_000, keys)['webhook-signature'];
  expect(signature?.split(' ')).toHaveLength(2);
});

test("a hook tells the client's origin", () => {
  const headers = hookHeaders(aHook({ origin: 'https://page.example' }), content, 0, keys);
  expect(headers).toMatchObject({ 'WebSocket-Origin': 'https://page.example' });
});

test("a handshake carries the client's own headers, its User-Agent in place of ours", () => {
  const clientHeaders = { Cookie: 'a=b', 'User-Agent': 'Firefox', 'X-Forwarded-For': '192.0.2.1' };
  const headers = hookHeaders(aHook({ clientHeaders }), content, 0, keys);
  expect(headers).toMatchObject(clientHeaders);
  expect(userAgent).toBe('Sockethook/0.1');
});

test('nothing of the client replaces a header of ours', () => {
  const names = [
    'Accept-Encoding',
    'Content-Type',
    'WebSocket-Origin',
    'webhook-id',
    'webhook-timestamp',
    'webhook-signature',
  ];
  const clientHeaders = Object.fromEntries(names.map((name) => [name, 'forged']));
  const ours = hookHeaders(aHook(), content, 0, keys);
  expect(hookHeaders(aHook({ clientHeaders }), content, 0, keys)).toEqual(ours);
});

test.for(secrets)('the published library accepts a hook by the secret %s', (secret) => {
  const hook = aHook({ event: 'message', id: 'message_1', body: '日本' });
  const request = json.request(hook, 'https://app.example');
  const headers = hookHeaders(hook, request, Math.floor(Date.now() / 1000), keys);
  expect(new Webhook(secret).verify(request.body, headers)).toMatchObject({ body: '日本', from: socketId });
});
