import { describe, expect, test } from 'vitest';
import type { ApiRequest } from '../../../functions/gateway/api/call.ts';
import { isTextWhenUnescaped } from '../../../functions/gateway/api/form-escapes.ts';
import { readBody, readFields } from '../../../functions/gateway/api/read-body.ts';
import { sendSchema } from '../../../functions/wire/deliveries.ts';
import { ok } from '../../../functions/wire/result.ts';
import { cpuTime } from '../../support/cpu-time.ts';

const form = 'application/x-www-form-urlencoded';

/** Reads these bytes as the body of a send. */
function read(bytes: Uint8Array, contentType = 'application/json') {
  const request: ApiRequest = {
    ...{ id: 'req_1', parameters: {}, query: '', authorization: '', contentType },
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
  const error = { code: 'malformed_body', detail: 'The body is not UTF-8.' };
  expect(await read(Uint8Array.from(bytes))).toMatchObject({ ok: false, error });
});

test('the character that stands for what could not be read is text like any other', async () => {
  const asked = { sockets: 'abc=', body: '\ufffd' };
  const value = { sockets: ['abc='], body: '\ufffd' };
  expect(await read(Buffer.from(JSON.stringify(asked)))).toMatchObject({ ok: true, value });
});

test('a form names 1,000 sockets, and a list that is too long is told so', async () => {
  const naming = (count: number) =>
    read(Buffer.from(`body=x${'&sockets=a'.repeat(count)}`), form) as Promise<unknown>;
  expect(await naming(1_000)).toMatchObject({ ok: true });
  expect(await naming(1_001)).toMatchObject({ error: { code: 'invalid_field', limit: 1_000 } });
});

test('a form of 1,024 fields is read, one of 1,025 is refused by its limit', async () => {
  const having = (count: number) =>
    read(Buffer.from(['sockets=a&body=x', ...Array.from({ length: count - 2 }, fieldAt)].join('&')), form);
  expect(await having(1_024)).toMatchObject({ error: { code: 'unknown_field' } });
  expect(await having(1_025)).toMatchObject({
    error: { code: 'malformed_body', limit: 1_024, detail: expect.stringContaining('at most 1024 fields') },
  });
});

test('a form or a query of very many names costs a moment', async () => {
  const query = new URLSearchParams(Array.from({ length: 40_000 }, fieldAt).join('&'));
  const { ms, value } = await cpuTime(() => readFields(query));
  expect(Object.keys(value)).toHaveLength(40_000);
  expect(ms).toBeLessThan(1_000);
});

function fieldAt(_: unknown, at: number): string {
  return `n${at}=x`;
}

test('a name that comes once is a value, more than once a list, in its order', () => {
  const query = new URLSearchParams('a=1&b=x&a=2&c=3&__proto__=y&a=1');
  const fields = readFields(query, { lists: ['c'], numbers: ['a'] });
  expect(Object.entries(fields)).toEqual([
    ['a', [1, 2, 1]],
    ['b', 'x'],
    ['c', ['3']],
    ['__proto__', 'y'],
  ]);
});

test('JSON that is sent as a form is told to be that, however much it looks like fields', async () => {
  const json = JSON.stringify({ sockets: 'a', body: '&'.repeat(2_000) });
  expect(await read(Buffer.from(json), form)).toMatchObject({
    error: { code: 'malformed_body', detail: expect.stringContaining('The body is JSON') },
  });
});

describe('the escapes of a form', () => {
  const type = 'application/x-www-form-urlencoded';

  test.for(['%ff', '%C3', '%C3é', 'é%A9', '%ed%a0%80', '%c0%af', '100%%ff', '%e2%82'])(
    'are refused where they are no UTF-8 (%s)',
    async (body) => {
      const error = { code: 'malformed_body', detail: 'The form has escapes that are not UTF-8.' };
      expect(await read(Buffer.from(`sockets=abc%3D&body=${body}`), type)).toMatchObject({
        ok: false,
        error,
      });
      expect(await read(Buffer.from(`sockets=abc%3D&body=x&${body}=`), type)).toMatchObject({
        ok: false,
        error,
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

  test('are looked at once, however many they are', async () => {
    const { ms } = await cpuTime(() => {
      isTextWhenUnescaped('%'.repeat(1_000_000));
      isTextWhenUnescaped('%c3%a9'.repeat(200_000));
    });
    expect(ms).toBeLessThan(10_000);
  });
});
