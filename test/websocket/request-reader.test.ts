import { expect, test } from 'vitest';
import type { RequestHead } from '../../functions/websocket/request-head.ts';
import { type FirstRequest, RequestReader } from '../../functions/websocket/request-reader.ts';
import { upgradeRequest } from '../support/raw.ts';
import { inTwo, pieces } from './client-frames.ts';

/** What a reader said of a request, and of how many pieces it had read then. */
interface Verdict {
  readonly kind: 'upgrade' | 'other' | 'tooLarge' | 'gone';
  readonly head?: RequestHead;
  readonly bytes: Buffer;
  readonly after: number;
}

/** Has a request read in pieces until it is known what it is, as a connection would be; each is written over then. */
function readRequest(chunks: readonly Buffer[], maxBytes = 1_000): Verdict | undefined {
  let verdict: Verdict | undefined;
  let after = 0;
  const is = (kind: Verdict['kind'], bytes: Buffer, head?: RequestHead): void => {
    if (verdict !== undefined) throw new Error('said twice');
    // The connection is somebody else's from here on, who copies.
    verdict = { kind, bytes: Buffer.from(bytes), after, ...(head && { head }) };
  };
  const first: FirstRequest = {
    upgrade: (head, early) => is('upgrade', early, head),
    other: (read) => is('other', read),
    tooLarge: () => is('tooLarge', Buffer.alloc(0)),
    gone: () => is('gone', Buffer.alloc(0)),
  };
  const reader = new RequestReader(first, maxBytes);
  for (const chunk of chunks) {
    if (verdict !== undefined) break;
    after += 1;
    const read = Buffer.from(chunk);
    reader.data(read);
    read.fill(0xee);
  }
  return verdict;
}

function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes];
  yield pieces(bytes, 1);
  yield* inTwo(bytes);
}

const upgrade = upgradeRequest('/a%20b?c', { 'X-Long': 'x'.repeat(100) });
const frames = Buffer.from('8185010203046067686f6e0d0a0d0a', 'hex');

test('an upgrade is known as soon as its head is whole, wherever it is cut, and what is behind it is kept', () => {
  const whole = readRequest([upgrade]);
  expect(whole?.head?.target).toBe('/a%20b?c');
  expect(whole?.head?.fields).toContain('x'.repeat(100));
  const bytes = Buffer.concat([upgrade, frames]);
  for (const chunks of cuts(bytes)) {
    const verdict = readRequest(chunks);
    const read = Buffer.concat(chunks.slice(0, verdict?.after)).length;
    expect([verdict?.kind, verdict?.head]).toEqual(['upgrade', whole?.head]);
    expect(verdict?.bytes).toEqual(bytes.subarray(upgrade.length, read));
    // Not a piece later than it had to be.
    const before = Buffer.concat(chunks.slice(0, (verdict?.after ?? 0) - 1)).length;
    expect(before).toBeLessThan(upgrade.length);
  }
});

const upgradeOf = (...lines: readonly string[]): string =>
  `GET / HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const others: [string, string][] = [
  ['a GET', 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['two GETs', 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a POST', 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n'],
  ['a GET and an upgrade behind it', `GET /a HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`],
  ['an upgrade behind an empty line', `\r\n${upgrade}`],
  [
    'an offer of h2c',
    upgradeOf('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
  ],
  ['an upgrade that Connection does not name', upgradeOf('Upgrade: websocket', 'Connection: keep-alive')],
  ['a WebSocket that is spoken of elsewhere', upgradeOf('X: \tUpgrade: websocket', 'Connection: Upgrade')],
  ['an upgrade by another method', `POST${upgrade.subarray(3)}`],
  ['an upgrade in small letters', `get${upgrade.subarray(3)}`],
  ['an upgrade with a folded line', upgradeOf('Upgrade: websocket', 'Connection: Upgrade', 'A: b', ' c')],
  ['an upgrade with a space before a colon', upgradeOf('Upgrade: websocket', 'Connection : Upgrade')],
  ['an upgrade with line feeds alone', String(upgrade).replaceAll('\r\n', '\n')],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
];

test.for(others)('%s is somebody else’s, with each of its bytes, wherever it is cut', ([, text]) => {
  const bytes = Buffer.from(text, 'latin1');
  for (const chunks of cuts(bytes)) {
    const verdict = readRequest(chunks);
    expect(verdict?.kind).toBe('other');
    expect(verdict?.bytes).toEqual(Buffer.concat(chunks.slice(0, verdict?.after)));
  }
});

test.for<[string, string]>([
  ['P', 'P'],
  ['GEX', 'GEX'],
  ['GET\t', 'GET\t'],
  ['an empty line', '\r'],
  ['TLS', '\x16'],
])('what begins with %j is known to be no upgrade at once', ([, text]) => {
  expect(readRequest([Buffer.from(text, 'latin1')])?.kind).toBe('other');
});

test('a head as long as it may be is read, and one byte more is too large, known as soon as it shows', () => {
  const max = upgrade.length - 4;
  const bytes = Buffer.concat([upgrade, frames]);
  for (const chunks of cuts(bytes)) {
    expect(readRequest(chunks, max)?.kind).toBe('upgrade');
    expect(readRequest(chunks, max - 1)?.kind).toBe('tooLarge');
  }
  const endless = Buffer.from(`GET /${'x'.repeat(2_000)}`);
  expect(readRequest(pieces(endless, 1), 1_000)).toMatchObject({ kind: 'tooLarge', after: 1_004 });
  expect(readRequest([endless], 1_000)?.kind).toBe('tooLarge');
});

test('2,005 headers are read whole', () => {
  const many = Array.from({ length: 2_005 }, (_, at) => `X${at}: ${at}`);
  const request = upgradeOf(...many, 'Upgrade: websocket', 'Connection: Upgrade');
  const verdict = readRequest(pieces(Buffer.from(request), 1_000), 100_000);
  expect(verdict?.head?.fields.length).toBe(2 * 2_008);
});

test('a client that leaves before it is known what it wants is gone', () => {
  for (const leave of ['ended', 'closed'] as const) {
    let gone = 0;
    const first: FirstRequest = {
      upgrade: () => {},
      other: () => {},
      tooLarge: () => {},
      gone: () => {
        gone += 1;
      },
    };
    const reader = new RequestReader(first, 1_000);
    reader.data(Buffer.from('GET / HT'));
    reader[leave]();
    expect(gone).toBe(1);
  }
});
