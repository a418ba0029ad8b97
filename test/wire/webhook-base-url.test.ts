import { expect, test } from 'vitest';
import { parseWebhookBaseUrl } from '../../functions/wire/webhook-base-url.ts';

test.for<[text: string, url: string]>([
  ['https://app.example', 'https://app.example'],
  ['https://app.example/', 'https://app.example'],
  ['https://app.example/websocket', 'https://app.example/websocket'],
  ['https://app.example/_ah/websocket//', 'https://app.example/_ah/websocket'],
  ['HTTPS://App.Example:443/A/../b c/', 'https://app.example/b%20c'],
  ['https://[::1]:8443/x', 'https://[::1]:8443/x'],
  [
    'https://message.example/messages/Closed/handshake-1',
    'https://message.example/messages/Closed/handshake-1',
  ],
  ['https://app.example/%zz', 'https://app.example/%zz'],
])('the base URL %j is written %j', ([text, url]) => {
  expect(parseWebhookBaseUrl(text, { allowInsecure: false })).toEqual({ ok: true, value: url });
  expect(parseWebhookBaseUrl(text, { allowInsecure: true })).toEqual({ ok: true, value: url });
});

test('plain http is for one machine only', () => {
  const text = 'http://localhost:3000/websocket';
  expect(parseWebhookBaseUrl(text, { allowInsecure: true })).toEqual({ ok: true, value: text });
  const refused = { ok: false, error: 'must begin with https://' };
  expect(parseWebhookBaseUrl(text, { allowInsecure: false })).toEqual(refused);
});

const segment =
  'must have no segment called handshake, message, closed, joined, left: what follows it names the hook';

test.for<[text: string, fault: string]>([
  ['', 'must be a URL such as https://app.example/websocket'],
  ['app.example/websocket', 'must be a URL such as https://app.example/websocket'],
  ['https://', 'must be a URL such as https://app.example/websocket'],
  ['ftp://app.example', 'must begin with https:// or http://'],
  ['javascript:alert(1)', 'must begin with https:// or http://'],
  ['https://alice@app.example', 'must have no user name and no password in it'],
  ['https://:secret@app.example', 'must have no user name and no password in it'],
  ['https://app.example/?x=1', 'must have no query and no fragment'],
  ['https://app.example/?', 'must have no query and no fragment'],
  ['https://app.example/#x', 'must have no query and no fragment'],
  ['https://app.example/message', segment],
  ['https://app.example/a/handshake/b', segment],
  ['https://app.example/x/closed/', segment],
  ['https://app.example/joined', segment],
  ['https://app.example/left/x', segment],
  ['https://app.example/m%65ssage/x', segment],
  ['https://app.example/#', 'must have no query and no fragment'],
])('the base URL %j %s', ([text, error]) => {
  expect(parseWebhookBaseUrl(text, { allowInsecure: true })).toEqual({ ok: false, error });
});
