import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

/** What a proxy that reads a request otherwise would take for a part of its body. */
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const said = '{"body":"x"}';

const call = (fields: string, body: string): string =>
  `POST /broadcast HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${testSecrets.apiKeys[0]}\r\n` +
  `Content-Type: application/json\r\n${fields}\r\n\r\n${body}${hidden}`;
const inChunks = (body: string): string => call('Transfer-Encoding: chunked', `${body}0\r\n\r\n`);

/** The statuses of all answers until the gateway closes the connection. */
async function statuses(request: string | Buffer): Promise<string[]> {
  const answers = await rawRequest(world.gateway.port, Buffer.from(request.toString('latin1'), 'latin1'));
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status);
}

test.for<[string, string]>([
  ['two lengths', call('Content-Length: 12\r\nContent-Length: 13', said)],
  ['one length twice', call('Content-Length: 12\r\nContent-Length: 12', said)],
  ['a list of lengths', call('Content-Length: 12, 12', said)],
  ['a length with a sign', call('Content-Length: +12', said)],
  ['a negative length', call('Content-Length: -12', said)],
  ['a hexadecimal length', call('Content-Length: 0xc', said)],
  ['an empty length', call('Content-Length: ', '')],
  ['a length beyond 64 bits', call('Content-Length: 99999999999999999999999', said)],
  ['a length behind a NUL', call('Content-Length\0: 12', said)],
  ['a length and chunks', call('Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG')],
  ['chunks and a length', call('Transfer-Encoding: chunked\r\nContent-Length: 4', '5\r\nhello\r\n0\r\n\r\n')],
  ['an unknown encoding', call('Transfer-Encoding: xchunked', '0\r\n\r\n')],
  ['an encoding behind chunks', call('Transfer-Encoding: chunked, identity', '0\r\n\r\n')],
  ['no encoding and a length', call('Transfer-Encoding: identity\r\nContent-Length: 12', said)],
  ['two encodings', call('Transfer-Encoding: chunked\r\nTransfer-Encoding: x', '0\r\n\r\n')],
  ['a space before the colon', call('Transfer-Encoding : chunked', '0\r\n\r\n')],
  ['a vertical tab', call('Transfer-Encoding: \x0bchunked', '0\r\n\r\n')],
  ['a folded line', call('Transfer-Encoding:\r\n chunked', '0\r\n\r\n')],
  ['a bare CR', call('X: a\rContent-Length: 12', said)],
  ['bare LFs', call('Content-Length: 12', said).replaceAll('\r\n', '\n')],
  ['a chunk with a sign', inChunks('+5\r\nhello\r\n')],
  ['a negative chunk', inChunks('-5\r\nhello\r\n')],
  ['a chunk with a prefix', inChunks('0x5\r\nhello\r\n')],
  ['a space before a chunk', inChunks(' 5\r\nhello\r\n')],
  ['a space behind a chunk', inChunks('5 \r\nhello\r\n')],
  ['a chunk beyond 64 bits', inChunks('fffffffffffffffff1\r\nhello\r\n')],
  ['a chunk that is longer than it says', inChunks('5\r\nhello!\r\n')],
  ['a chunk without an end', inChunks('5\r\nhello')],
  ['a chunk behind a bare LF', inChunks('5\nhello\r\n')],
  ['a bare LF in an extension', inChunks('5;\nhello\r\n')],
  ['a line break in an extension', inChunks('5;a="\r\n"\r\nhello\r\n')],
  ['a trailer that is none', call('Transfer-Encoding: chunked', `c\r\n${said}\r\n0\r\nX y\r\n\r\n`)],
])('a request with %s is refused, and nothing behind it is answered', async ([, request]) => {
  expect(await statuses(request)).toEqual(['400']);
});

test.for<[string, string]>([
  ['a length', call('Content-Length: 12', said)],
  ['a length with zeros before it', call('Content-Length: 0012', said)],
  ['chunks', inChunks(`c\r\n${said}\r\n`)],
  ['chunks in capitals', call('Transfer-Encoding: CHUNKED', `C;a=b\r\n${said}\r\n0\r\nX: y\r\n\r\n`)],
])('a request with %s ends where it says, and the next one begins there', async ([, request]) => {
  expect(await statuses(request)).toEqual(['200', '404']);
});

test.for<[string, Buffer]>([
  ['a length', upgradeRequest('/room', { 'Content-Length': String(hidden.length) })],
  ['chunks', upgradeRequest('/room', { 'Transfer-Encoding': 'chunked' })],
  ['a path that is none', upgradeRequest('/%zz')],
  ['a key that is none', upgradeRequest('/room', { 'Sec-WebSocket-Key': 'x' })],
])('behind an upgrade with %s, which is refused, nothing is answered', async ([, upgrade]) => {
  expect(await statuses(Buffer.concat([upgrade, Buffer.from(hidden)]))).toEqual(['400']);
  expect(world.app.hooks).toEqual([]);
});
