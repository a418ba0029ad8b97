import { expect, test } from 'vitest';
import type { ApiRequest } from '../../functions/gateway/api/call.ts';
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
