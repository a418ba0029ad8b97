import { describe, expect, test } from 'vitest';
import { type LocalSettings, limitSets, parseSettings } from '../../functions/local/settings.ts';
import { form } from '../../functions/wire/formats/form.ts';
import { json } from '../../functions/wire/formats/json.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const secretBytes = (count: number): string => `whsec_${Buffer.alloc(count, 7).toString('base64')}`;

describe('without any variable', () => {
  test('the settings are the documented defaults', () => {
    expect(parseSettings({})).toEqual({
      ok: true,
      value: {
        webhookBaseUrl: undefined,
        format: form,
        hooks: new Set(['handshake', 'message', 'closed']),
        hookTimeoutMs: 10_000,
        messageFailure: 'retry',
        messageRetryMs: 21_600_000,
        presenceGraceMs: 5_000,
        forwardHeaders: [],
        requireTicket: false,
        allowedOrigins: undefined,
        host: '127.0.0.1',
        port: 8080,
        limits: limitSets['api-gateway'],
        drainMs: 0,
        inspector: false,
        metrics: 'key',
        webSocketUrl: undefined,
        folder: '.sockethook',
        apiKeys: undefined,
        webhookSecrets: undefined,
        urlKeys: undefined,
      },
    });
  });

  test('and with every variable empty they are the same', () => {
    const names = [...new Set([...good, ...malformed].map(({ name }) => name))];
    expect(parseSettings(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(parseSettings({}));
  });

  test('those of other programs do not matter', () => {
    expect(parseSettings({ PATH: '/bin', HOME: '/root', UNSET: undefined })).toEqual(parseSettings({}));
  });
});

const good: { name: string; value: string; means: Partial<LocalSettings> }[] = [
  {
    name: 'WEBHOOK_BASE_URL',
    value: 'https://a.example/ws/',
    means: { webhookBaseUrl: 'https://a.example/ws' },
  },
  {
    name: 'WEBHOOK_BASE_URL',
    value: 'http://localhost:3000',
    means: { webhookBaseUrl: 'http://localhost:3000' },
  },
  { name: 'WEBHOOK_FORMAT', value: 'json', means: { format: json } },
  { name: 'WEBHOOK_FORMAT', value: 'form', means: { format: form } },
  { name: 'HOOKS', value: 'message, closed', means: { hooks: new Set(['message', 'closed']) } },
  { name: 'HOOKS', value: 'message,message', means: { hooks: new Set(['message']) } },
  { name: 'HOOKS', value: 'joined,left', means: { hooks: new Set(['joined', 'left']) } },
  { name: 'HOOK_TIMEOUT_MS', value: '1', means: { hookTimeoutMs: 1 } },
  { name: 'HOOK_TIMEOUT_MS', value: '600000', means: { hookTimeoutMs: 600_000 } },
  { name: 'MESSAGE_FAILURE', value: 'retry', means: { messageFailure: 'retry' } },
  { name: 'MESSAGE_FAILURE', value: 'close', means: { messageFailure: 'close' } },
  { name: 'MESSAGE_FAILURE', value: 'drop', means: { messageFailure: 'drop' } },
  { name: 'MESSAGE_RETRY_MINUTES', value: '1', means: { messageRetryMs: 60_000 } },
  { name: 'MESSAGE_RETRY_MINUTES', value: '2880', means: { messageRetryMs: 172_800_000 } },
  { name: 'PRESENCE_GRACE_MS', value: '0', means: { presenceGraceMs: 0 } },
  { name: 'PRESENCE_GRACE_MS', value: '900000', means: { presenceGraceMs: 900_000 } },
  { name: 'DRAIN_SECONDS', value: '1', means: { drainMs: 1_000 } },
  { name: 'DRAIN_SECONDS', value: '3600', means: { drainMs: 3_600_000 } },
  { name: 'DRAIN_SECONDS', value: '20s', means: { drainMs: 20_000 } },
  { name: 'INSPECTOR', value: 'true', means: { inspector: true } },
  { name: 'INSPECTOR', value: 'false', means: { inspector: false } },
  { name: 'METRICS', value: 'key', means: { metrics: 'key' } },
  { name: 'METRICS', value: 'public', means: { metrics: 'public' } },
  { name: 'FORWARD_HEADERS', value: 'X-Tenant, x-b3', means: { forwardHeaders: ['x-tenant', 'x-b3'] } },
  { name: 'REQUIRE_TICKET', value: 'true', means: { requireTicket: true } },
  { name: 'REQUIRE_TICKET', value: 'false', means: { requireTicket: false } },
  {
    name: 'ALLOWED_ORIGINS',
    value: 'https://A.example, http://localhost:3000',
    means: { allowedOrigins: new Set(['https://a.example', 'http://localhost:3000']) },
  },
  {
    name: 'ALLOWED_ORIGINS',
    value: 'capacitor://localhost,null,file://,https://a.example:443',
    means: { allowedOrigins: new Set(['capacitor://localhost', 'null', 'file://', 'https://a.example']) },
  },
  { name: 'PORT', value: '0', means: { port: 0 } },
  { name: 'PORT', value: '65535', means: { port: 65_535 } },
  { name: 'HOST', value: '0.0.0.0', means: { host: '0.0.0.0' } },
  { name: 'LIMITS', value: 'none', means: { limits: limitSets.none } },
  { name: 'LIMITS', value: 'api-gateway', means: { limits: limitSets['api-gateway'] } },
  {
    name: 'SOCKETHOOK_WEBSOCKET_URL',
    value: 'wss://a.example/ws',
    means: { webSocketUrl: 'wss://a.example/ws/' },
  },
  {
    name: 'SOCKETHOOK_WEBSOCKET_URL',
    value: 'wss://a.example/ws/',
    means: { webSocketUrl: 'wss://a.example/ws/' },
  },
  { name: 'SOCKETHOOK_DIR', value: '/tmp/x', means: { folder: '/tmp/x' } },
  {
    name: 'SOCKETHOOK_API_KEYS',
    value: `${'k'.repeat(16)}, ${'l'.repeat(20)}`,
    means: { apiKeys: ['k'.repeat(16), 'l'.repeat(20)] },
  },
  { name: 'SOCKETHOOK_WEBHOOK_SECRETS', value: secret, means: { webhookSecrets: [secret] } },
  {
    name: 'SOCKETHOOK_WEBHOOK_SECRETS',
    value: `${secretBytes(24)},${secretBytes(64)}`,
    means: { webhookSecrets: [secretBytes(24), secretBytes(64)] },
  },
  { name: 'SOCKETHOOK_URL_KEYS', value: 'u'.repeat(32), means: { urlKeys: ['u'.repeat(32)] } },
];

test.for(good)('$name=$value is read', ({ name, value, means }) => {
  const read = parseSettings({ [name]: value });
  expect(read).toMatchObject({ ok: true, value: means });
});

const reserved = [
  ...['Host', 'Connection', 'Content-Length', 'Content-Type', 'Transfer-Encoding', 'Upgrade', 'Expect', 'TE'],
  ...['Cookie', 'Authorization', 'Origin', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'Keep-Alive'],
  ...['webhook-id', 'webhook-signature', 'WebSocket-Origin', 'Sec-WebSocket-Key', 'Proxy-Authorization'],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-URL'],
];

const malformed: { name: string; value: string }[] = [
  ...[
    'nonsense',
    'ftp://a.example',
    'https://u:hunter2@a.example',
    'https://a.example/?q=1',
    'https://a.example/#f',
    'https://a.example/message',
  ].map((value) => ({ name: 'WEBHOOK_BASE_URL', value })),
  ...['xml', 'JSON', 'cloudevents'].map((value) => ({ name: 'WEBHOOK_FORMAT', value })),
  ...['open', 'message,opened', 'Message', 'joined', 'message,left'].map((value) => ({
    name: 'HOOKS',
    value,
  })),
  ...['0', '-1', '1.5', '1e3', '600001', '99999999999', 'ten', ' 10'].map((value) => ({
    name: 'HOOK_TIMEOUT_MS',
    value,
  })),
  ...['Retry', 'keep', 'retry,drop'].map((value) => ({ name: 'MESSAGE_FAILURE', value })),
  ...['0', '-1', '1.5', '2881', '6h'].map((value) => ({ name: 'MESSAGE_RETRY_MINUTES', value })),
  ...['-1', '1.5', '900001', '5s'].map((value) => ({ name: 'PRESENCE_GRACE_MS', value })),
  ...['-1', '1.5', '3601', '3601s', '20m', '20 s', 's', '20ss'].map((value) => ({
    name: 'DRAIN_SECONDS',
    value,
  })),
  ...['Public', 'true', 'key,public'].map((value) => ({ name: 'METRICS', value })),
  ...['X_Tenant', 'X Tenant', 'X-Tenant:', 'X-Ünï', ...reserved].map((value) => ({
    name: 'FORWARD_HEADERS',
    value,
  })),
  { name: 'FORWARD_HEADERS', value: 'X-Fine, Cookie' },
  ...['yes', '1', 'TRUE'].map((value) => ({ name: 'REQUIRE_TICKET', value })),
  ...['a.example', 'https://a.example/', 'https://a.example/path', '*', ',', 'https://a.example:65536'].map(
    (value) => ({ name: 'ALLOWED_ORIGINS', value }),
  ),
  ...['-1', '65536', '80a', '8080.0'].map((value) => ({ name: 'PORT', value })),
  ...['aws', 'None'].map((value) => ({ name: 'LIMITS', value })),
  ...['yes', '1', 'TRUE'].map((value) => ({ name: 'INSPECTOR', value })),
  ...['https://a.example', 'wss://', 'wss://a.example/?x=1', 'wss://a.example/#f', 'a.example'].map(
    (value) => ({
      name: 'SOCKETHOOK_WEBSOCKET_URL',
      value,
    }),
  ),
  ...['too-short-a-key', `${'k'.repeat(20)} with spaces`, `${'k'.repeat(16)},short`, ',', 'ü'.repeat(16)].map(
    (value) => ({ name: 'SOCKETHOOK_API_KEYS', value }),
  ),
  ...['whsec_c2hvcnQ=', 'whsec_not base64!', `${secret},oops`, secretBytes(23), secretBytes(65)].map(
    (value) => ({
      name: 'SOCKETHOOK_WEBHOOK_SECRETS',
      value,
    }),
  ),
  ...['u'.repeat(31), `${'u'.repeat(32)},short`].map((value) => ({ name: 'SOCKETHOOK_URL_KEYS', value })),
];

test.for(malformed)('$name=$value is refused in one sentence that does not repeat it', ({ name, value }) => {
  const read = parseSettings({ [name]: value });
  expect(read.ok).toBe(false);
  const sentences = read.ok ? [] : read.error;
  expect(sentences).toEqual([expect.stringMatching(new RegExp(`^${name} must .*\\.$`))]);
  if (/KEYS|SECRETS/.test(name) && value.length > 1) expect(sentences.join()).not.toContain(value);
});

test('all problems are told at once, one sentence for each variable', () => {
  const wrong = {
    ...{ WEBHOOK_BASE_URL: 'https://u:hunter2@a.example', WEBHOOK_FORMAT: 'xml', HOOKS: 'opened,moved' },
    ...{ HOOK_TIMEOUT_MS: 'ten', FORWARD_HEADERS: 'Cookie', REQUIRE_TICKET: 'yes', ALLOWED_ORIGINS: '*' },
    ...{ PORT: '99999', LIMITS: 'aws', SOCKETHOOK_WEBSOCKET_URL: 'x', SOCKETHOOK_API_KEYS: 'hunter3' },
    ...{ SOCKETHOOK_WEBHOOK_SECRETS: 'hunter4', SOCKETHOOK_URL_KEYS: 'hunter5' },
  };
  const read = parseSettings(wrong);
  const sentences = read.ok ? [] : read.error;
  expect(sentences.map((sentence) => sentence.split(' ')[0]).sort()).toEqual(Object.keys(wrong).sort());
  expect(sentences.join('\n')).not.toMatch(/hunter/);
});
