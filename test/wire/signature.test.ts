import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { type Signable, sign } from '../../functions/wire/sign.ts';
import { parseSigningKey, type Signed, type SigningKey, verify } from '../../functions/wire/signature.ts';
import { must } from './must.ts';

const now = 1_764_000_000_000;
const timestamp = now / 1000;
const secrets = [1, 2, 3].map((fill) => secretOf(32, fill));
const keys = secrets.map(keyOf);
const signed: Signable = { id: 'message_1', timestamp, body: '{"body":"日本"}' };

function secretOf(size: number, fill = 7): string {
  return `whsec_${Buffer.alloc(size, fill).toString('base64')}`;
}

function keyOf(secret: string): SigningKey {
  return must(parseSigningKey(secret));
}

/** What a request brings that was signed by the keys, but for the changes. */
function presented(by: readonly SigningKey[], changes: Partial<Signed> = {}, of: Signable = signed) {
  const { id, timestamp: at, body } = { ...of, ...changes };
  return { id, timestamp: String(at), body, signature: sign(of, by) };
}

test.for([
  secretOf(24),
  secretOf(64),
  secretOf(25),
  secretOf(32).slice('whsec_'.length),
  'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW',
])('%j is a webhook secret', (secret) => {
  expect(parseSigningKey(secret)).toMatchObject({ ok: true });
});

test.for([secretOf(23), secretOf(65), 'whsec_AAAA'])('%j is a webhook secret of the wrong size', (secret) => {
  expect(parseSigningKey(secret)).toEqual({ ok: false, error: 'a webhook secret holds 24 to 64 bytes' });
});

test.for([
  ...['', 'whsec_', `${secretOf(32)}\n`, ` ${secretOf(32)}`, `${secretOf(32)}==`, `whsk_${'A'.repeat(32)}`],
  ...[`WHSEC_${'A'.repeat(32)}`, `whsec_${'-_'.repeat(16)}`, `${secretOf(32)},${secretOf(32)}`],
])('%j is no webhook secret', (secret) => {
  const error = 'a webhook secret is "whsec_" followed by base64';
  expect(parseSigningKey(secret)).toEqual({ ok: false, error });
});

test('a secret signs the same with its prefix and without it', () => {
  const secret = secretOf(32);
  expect(sign(signed, [keyOf(secret.slice('whsec_'.length))])).toBe(sign(signed, [keyOf(secret)]));
});

test('the example of Standard Webhooks has its signature', () => {
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const example = { id, timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  expect(sign(example, [keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')])).toBe(expected);
});

test('every live key signs, in its order, separated by spaces', () => {
  const each = keys.map((key) => sign(signed, [key]));
  expect(sign(signed, keys)).toBe(each.join(' '));
  expect(new Set(each).size).toBe(3);
});

test('what was signed as text is verified as the bytes it came in', () => {
  const bytes = new TextEncoder().encode('{"body":"日本"}');
  expect(verify({ ...presented(keys), body: bytes }, keys, now)).toMatchObject({ ok: true });
});

const words = fc.string({ unit: 'binary' });
const ids = fc.string({ minLength: 1 });

test('what is signed verifies under every key of a rotation', () => {
  const good = fc.property(ids, words, (id, body) => {
    const of = { id, timestamp, body };
    for (const key of keys) {
      expect(verify(presented(keys, {}, of), [key], now)).toEqual({ ok: true, value: of });
      expect(verify(presented([key], {}, of), keys, now)).toEqual({ ok: true, value: of });
    }
  });
  fc.assert(good);
});

test('any flipped bit of the body is refused', () => {
  const some = fc.string({ unit: 'binary', minLength: 1 });
  const forged = fc.property(some, fc.nat(), fc.nat(7), (body, at, bit) => {
    const bytes = new TextEncoder().encode(body);
    const changed = bytes.map((byte, index) => (index === at % bytes.length ? byte ^ (1 << bit) : byte));
    const of = { ...signed, body };
    expect(verify(presented(keys, { body: bytes }, of), keys, now)).toMatchObject({ ok: true });
    expect(verify(presented(keys, { body: changed }, of), keys, now)).toEqual({ ok: false, error: 'forged' });
  });
  fc.assert(forged);
});

test('any other character in the id is refused', () => {
  const forged = fc.property(ids, fc.nat(), fc.nat(6), (id, at, bit) => {
    const code = id.charCodeAt(at % id.length) ^ (1 << bit);
    const changed = id.slice(0, at % id.length) + String.fromCharCode(code) + id.slice((at % id.length) + 1);
    const of = { ...signed, id };
    expect(verify(presented(keys, { id: changed }, of), keys, now)).toEqual({ ok: false, error: 'forged' });
  });
  fc.assert(forged);
});

test('any other second in the timestamp is refused', () => {
  const forged = fc.property(
    fc.integer({ min: -300, max: 300 }).filter((seconds) => seconds !== 0),
    (seconds) => {
      const moved = presented(keys, { timestamp: timestamp + seconds });
      expect(verify(moved, keys, now)).toEqual({ ok: false, error: 'forged' });
    },
  );
  fc.assert(forged);
});

test.for<[seconds: number, outcome: object]>([
  [300, { ok: true, value: signed }],
  [-300, { ok: true, value: signed }],
  [300.001, { ok: false, error: 'stale' }],
  [-300.001, { ok: false, error: 'stale' }],
])('what was signed %d seconds ago is judged by its age', ([seconds, outcome]) => {
  expect(verify(presented(keys), keys, now + seconds * 1000)).toEqual(outcome);
});

test('a verifier may be stricter about the age', () => {
  expect(verify(presented(keys), keys, now + 10_000, 10)).toMatchObject({ ok: true });
  expect(verify(presented(keys), keys, now + 10_001, 10)).toEqual({ ok: false, error: 'stale' });
});

test.for([
  ...[{ id: undefined }, { id: '' }, { signature: undefined }, { signature: '' }, { timestamp: undefined }],
  ...['', '-1', '1.5', '1e9', ' 1764000000', '1764000000 ', '0x1', 'now', '1764000000000'].map((text) => ({
    timestamp: text,
  })),
])('a request with %j counts as unsigned', (changes) => {
  expect(verify({ ...presented(keys), ...changes }, keys, now)).toEqual({ ok: false, error: 'unsigned' });
});

const digest = sign(signed, keys.slice(0, 1)).slice('v1,'.length);

test.for([`v1a,${digest}`, `v2,${digest}`, digest, 'v1,', 'v1', `V1,${digest}`, `v1,${digest.slice(0, 40)}`])(
  'the signature %j is not one of ours',
  (signature) => {
    expect(verify({ ...presented(keys), signature }, keys, now)).toEqual({ ok: false, error: 'forged' });
  },
);

test('signatures of other versions and keys do not hide the good one', () => {
  const signature = `v1a,${digest} v1,AAAA ${sign(signed, keys.slice(1))} v1,${digest}`;
  expect(verify({ ...presented(keys), signature }, keys.slice(0, 1), now)).toMatchObject({ ok: true });
});

test('a request signed by a key that is not live is forged', () => {
  expect(verify(presented(keys.slice(0, 2)), keys.slice(2), now)).toEqual({ ok: false, error: 'forged' });
  expect(verify(presented(keys), [], now)).toEqual({ ok: false, error: 'forged' });
});

test.for(secrets)('the published library verifies what we sign, by the secret %s', (secret) => {
  const at = Math.floor(Date.now() / 1000);
  const body = 'event=message&body=%E6%97%A5';
  const headers = {
    'webhook-id': 'message_1',
    'webhook-timestamp': String(at),
    'webhook-signature': sign({ id: 'message_1', timestamp: at, body }, keys),
  };
  const library = new Webhook(secret);
  expect(() => library.verify(body, headers, { jsonParse: false })).not.toThrow();
  expect(() => library.verify(`${body} `, headers, { jsonParse: false })).toThrow('No matching signature');
});

test.for(secrets)('we verify what the published library signs, by the secret %s', (secret) => {
  const date = new Date();
  const body = '{"body":"日本\\r\\n"}';
  const signature = new Webhook(secret).sign('message_1', date, body);
  const at = Math.floor(date.getTime() / 1000);
  const request = { id: 'message_1', timestamp: String(at), signature, body };
  const value = { id: 'message_1', timestamp: at, body };
  expect(verify(request, keys, date.getTime())).toEqual({ ok: true, value });
  expect(verify({ ...request, body: `${body} ` }, keys, date.getTime())).toEqual({
    ok: false,
    error: 'forged',
  });
});
