import { describe, expect, test } from 'vitest';
import type { ApiRequest } from '../../functions/gateway/api/call.ts';
import { isTextWhenUnescaped } from '../../functions/gateway/api/form-escapes.ts';
import { readBody } from '../../functions/gateway/api/read-body.ts';
import { sendSchema } from '../../functions/wire/deliveries.ts';
import { ok } from '../../functions/wire/result.ts';

/** Reads these bytes as the body of a send. */
function read(bytes: Uint8Array, contentType = 'application/json') {
  const request: ApiRequest = {
    ...{ id: 'req_1', parameters: {}, query: new URLSearchParams(), authorization: '', contentType },
    body: async () => ok(bytes),
  };
  return readBody(request, sendSchema(100));
}

const document = JSON.stringify({ sockets: 'abc=', body: 'dr😀i' });

test('a body of UTF-8 is read, wherever it stands in memory, and with a byte order mark too', async () => {
  const memory = Buffer.from(`xxx${document}yyy`);
  const within = memory.subarray(3, memory.length - 3);
  for (const bytes of [Buffer.from(document), within, Buffer.from(`\ufeff${document}`)]) {
    expect(await read(bytes)).toMatchObject({ ok: true, value: { sockets: ['abc='], body: 'dr😀i' } });
  }
});

test.for([
  { what: 'half a letter', bytes: [0x22, 0xc3, 0x22] },
  { what: 'a surrogate', bytes: [0x22, 0xed, 0xa0, 0x80, 0x22] },
  { what: 'what is longer than it needs to be', bytes: [0x22, 0xc0, 0xaf, 0x22] },
])('a body with $what is refused, since it is not UTF-8', async ({ bytes }) => {
  const fault = { code: 'malformed_body', detail: 'The body is not UTF-8.' };
  expect(await read(Uint8Array.from(bytes))).toMatchObject({ ok: false, fault });
});

test('the character that stands for what could not be read is text like any other', async () => {
  const asked = { sockets: 'abc=', body: '\ufffd' };
  const value = { sockets: ['abc='], body: '\ufffd' };
  expect(await read(Buffer.from(JSON.stringify(asked)))).toMatchObject({ ok: true, value });
});

describe('the escapes of a form', () => {
  const type = 'application/x-www-form-urlencoded';

  test.for(['%ff', '%C3', '%C3é', 'é%A9', '%ed%a0%80', '%c0%af', '100%%ff', '%e2%82'])(
    'are refused where they are no UTF-8 (%s)',
    async (body) => {
      const fault = { code: 'malformed_body', detail: 'The form has escapes that are no UTF-8.' };
      expect(await read(Buffer.from(`sockets=abc%3D&body=${body}`), type)).toMatchObject({
        ok: false,
        fault,
      });
      expect(await read(Buffer.from(`sockets=abc%3D&body=x&${body}=`), type)).toMatchObject({
        ok: false,
        fault,
      });
    },
  );

  test.for([
    { body: '%F0%9F%98%80', text: '😀' },
    { body: '%ef%bf%bd', text: '\ufffd' },
    { body: '\ufffd', text: '\ufffd' },
    { body: '100%', text: '100%' },
    { body: '%zz%c3%a9%2', text: '%zzé%2' },
    { body: 'a+b%2Bc', text: 'a b+c' },
  ])('are text where they are ($body)', async ({ body, text }) => {
    const answer = await read(Buffer.from(`sockets=abc%3D&body=${body}`), type);
    expect(answer).toMatchObject({ ok: true, value: { body: text } });
  });

  test('are looked at once, however many they are', () => {
    const begun = performance.now();
    isTextWhenUnescaped('%'.repeat(1_000_000));
    isTextWhenUnescaped('%c3%a9'.repeat(200_000));
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
