import { describe, expect, test } from 'vitest';
import type { Head } from '../../functions/http/response-head.ts';
import { type Progress, ResponseParser } from '../../functions/http/response-parser.ts';
import { cpuTime } from '../support/cpu-time.ts';

/** What is looked at of a head. */
type Said = Pick<Head, 'status' | 'contentType' | 'retryAfter'>;

/** What came of an answer. */
interface Read {
  readonly progress: Progress;
  readonly heads: Said[];
  readonly body: string;
  readonly keptMs: number;
}

/** Reads an answer that comes in these parts; `ends` if the connection then ends. */
function read(parts: readonly string[], ends = false): Read {
  const parser = new ResponseParser();
  const heads: Said[] = [];
  let body = '';
  let progress: Progress = 'more';
  const listener = {
    head: ({ status, contentType, retryAfter }: Head) => void heads.push({ status, contentType, retryAfter }),
    body: (bytes: Buffer, from: number, to: number) => {
      body += bytes.toString('latin1', from, to);
      return true;
    },
  };
  for (const part of parts) {
    if (progress !== 'broken') progress = parser.take(Buffer.from(part, 'latin1'), listener);
  }
  if (ends && progress === 'more') progress = parser.end();
  return { progress, heads, body, keptMs: parser.keptMs };
}

/** Lines as they stand on the wire. */
const wire = (text: string): string => text.replaceAll('\n', '\r\n');

const whole = [
  { what: 'nothing but a status', text: 'HTTP/1.1 204 No Content\n\n', status: 204, body: '' },
  { what: 'no reason', text: 'HTTP/1.1 200\nContent-Length: 2\n\nhi', status: 200, body: 'hi' },
  { what: 'a length', text: 'HTTP/1.1 200 OK\ncontent-LENGTH:   3  \n\nabc', status: 200, body: 'abc' },
  { what: 'a length of nought', text: 'HTTP/1.1 500 No\nContent-Length: 0\n\n', status: 500, body: '' },
  {
    what: 'the same length twice',
    text: 'HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1\n\nx',
    status: 200,
    body: 'x',
  },
  {
    what: 'chunks, extensions and trailers',
    text: 'HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n3;a=b\nabc\n00A\n0123456789\n0\nX: y\nZ: z\n\n',
    status: 200,
    body: 'abc0123456789',
  },
  {
    what: 'what comes before the answer',
    text: 'HTTP/1.1 103 Early\nLink: </a>\n\nHTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\nx',
    status: 200,
    body: 'x',
  },
  {
    what: 'folded lines, in its head and its trailers',
    text: 'HTTP/1.1 200 OK\nX: a\n \tb\n  c: d\n\t\nTransfer-Encoding:\n chunked\nY:\n z\n\n1\nx\n0\nA: b\n c: d\n\n',
    status: 200,
    body: 'x',
  },
  {
    what: 'sizes of chunks as long as they like',
    text: `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${'0'.repeat(16)}3\nabc\n${'0'.repeat(1_000)}\n\n`,
    status: 200,
    body: 'abc',
  },
  {
    what: 'a 304 that tells a length',
    text: 'HTTP/1.1 304 No\nContent-Length: 9\n\n',
    status: 304,
    body: '',
  },
];

describe('an answer', () => {
  test.for(whole)('with $what is read, wherever its packets are cut', ({ text, status, body }) => {
    const bytes = wire(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      const parts = [bytes.slice(0, cut), bytes.slice(cut)].filter((part) => part !== '');
      const { progress, heads, body: came } = read(parts);
      expect([cut, progress, heads.map((head) => head.status), came]).toEqual([cut, 'done', [status], body]);
    }
    const { progress, body: came } = read([...bytes]);
    expect([progress, came]).toEqual(['done', body]);
  });

  test('says its type and its Retry-After, the first of several', () => {
    const text =
      'HTTP/1.1 429 No\nContent-Type: a/b; c=d\nX-Content-Type: no\nRetry-After: 7\nContent-Type: e\nContent-Length: 0\n\n';
    expect(read([wire(text)]).heads).toEqual([{ status: 429, contentType: 'a/b; c=d', retryAfter: '7' }]);
  });

  test('of a refusal has what a client may be told, in its order, and no other answer has', () => {
    const headers = [
      'X-Powered-By: x',
      'www-authenticate:  Basic realm="a" ',
      'RETRY-AFTER: 7',
      'Set-Cookie: a=b',
      'WWW-Authenticate: Digest realm="b"',
      'Allow: POST',
      'Proxy-Authenticate: c',
      'Upgrade: d',
    ];
    const refusalOf = (status: number): unknown => {
      let said: unknown;
      const listener = {
        head: ({ refusal }: Head): void => {
          said = refusal;
        },
        body: () => true,
      };
      const text = wire(`HTTP/1.1 ${status} No\nContent-Length: 0\n${headers.join('\n')}\n\n`);
      expect(new ResponseParser().take(Buffer.from(text), listener)).toBe('done');
      return said;
    };
    const all = [
      ['WWW-Authenticate', 'Basic realm="a"'],
      ['Retry-After', '7'],
      ['WWW-Authenticate', 'Digest realm="b"'],
      ['Allow', 'POST'],
      ['Proxy-Authenticate', 'c'],
      ['Upgrade', 'd'],
    ];
    expect([200, 302, 401, 503].map(refusalOf)).toEqual([[], [], all, all]);
  });

  test('without a length ends with its connection, and only then', () => {
    const text = wire('HTTP/1.1 200 OK\n\nto the end');
    expect(read([text])).toMatchObject({ progress: 'more', body: 'to the end' });
    expect(read([text], true)).toMatchObject({ progress: 'done', body: 'to the end', keptMs: 0 });
  });

  test.for(['identity', 'Identity'])('of the coding %s ends with its connection too', (coding) => {
    const text = wire(
      `HTTP/1.1 200 OK\nTransfer-Encoding: ${coding}\nConnection: keep-alive\n\n3\nabc\n0\n\n`,
    );
    expect(read([text])).toMatchObject({ progress: 'more', body: wire('3\nabc\n0\n\n') });
    expect(read([text], true)).toMatchObject({ progress: 'done', body: wire('3\nabc\n0\n\n'), keptMs: 0 });
  });

  test('may have chunks of as many bytes as a number can hold', () => {
    const head = wire('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n');
    expect(read([`${head}fffffffffffff\r\nabc`])).toMatchObject({ progress: 'more', body: 'abc' });
    expect(read([`${head}10000000000000\r\nabc`])).toMatchObject({ progress: 'broken', body: '' });
  });

  test('whose head is folded over and over is read in no time', async () => {
    const text = `HTTP/1.1 200 OK\r\nX: ${' '.repeat(4_000)}y${'\r\n \t'.repeat(2_900)}\r\nContent-Length: 0\r\n\r\n`;
    const { ms } = await cpuTime(() => {
      for (let time = 0; time < 20; time++) expect(read([text]).progress).toBe('done');
    });
    expect(ms).toBeLessThan(1_000);
  });

  test.for([
    'HTTP/1.1 200 OK\nContent-Length: 5\n\nabc',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n',
    'HTTP/1.1 200 OK\nContent',
    'HTTP/1.1 103 Early\n\n',
    '',
  ])('that is cut off is broken (%j)', (text) => {
    expect(read(text === '' ? [] : [wire(text)], true).progress).toBe('broken');
  });

  test.for([
    { what: 'another protocol', text: 'HTTP/2 200 OK\n\n' },
    { what: 'another protocol that was never asked for', text: 'HTTP/1.1 101 Switching\nUpgrade: x\n\n' },
    { what: 'a status of two digits', text: 'HTTP/1.1 20 OK\n\n' },
    { what: 'a status that there is not', text: 'HTTP/1.1 600 No\n\n' },
    { what: 'no status', text: 'HTTP/1.1 OK\n\n' },
    { what: 'a line without a colon', text: 'HTTP/1.1 200 OK\nnothing\n\n' },
    { what: 'a header without a name', text: 'HTTP/1.1 200 OK\n: x\n\n' },
    { what: 'a fold behind its status', text: 'HTTP/1.1 200 OK\n c: d\nContent-Length: 0\n\n' },
    { what: 'a fold behind its status alone', text: 'HTTP/1.1 200 OK\n x\n\n' },
    { what: 'a length that is folded in two', text: 'HTTP/1.1 200 OK\nContent-Length: 1\n 1\n\n' },
    {
      what: 'a length behind a fold, and chunks',
      text: 'HTTP/1.1 200 OK\nContent-Length:\n 1\nTransfer-Encoding: chunked\n\n0\n\n',
    },
    {
      what: 'a fold in place of trailers',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n x: y\n\n',
    },
    {
      what: 'a length and identity',
      text: 'HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: identity\n\nx',
    },
    { what: 'identity in HTTP/1.0', text: 'HTTP/1.0 200 OK\nTransfer-Encoding: identity\n\nx' },
    { what: 'identity and chunks', text: 'HTTP/1.1 200 OK\nTransfer-Encoding: identity, chunked\n\n0\n\n' },
    { what: 'a space before a colon', text: 'HTTP/1.1 200 OK\nContent-Length : 1\n\nx' },
    { what: 'a length that is none', text: 'HTTP/1.1 200 OK\nContent-Length: +1\n\nx' },
    { what: 'a length beyond all measure', text: 'HTTP/1.1 200 OK\nContent-Length: 1234567890123456\n\n' },
    { what: 'two lengths', text: 'HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nxx' },
    { what: 'two lengths in one line', text: 'HTTP/1.1 200 OK\nContent-Length: 1, 1\n\nx' },
    {
      what: 'a length and chunks',
      text: 'HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n',
    },
    { what: 'another coding', text: 'HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n0\n\n' },
    {
      what: 'a coding twice',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n',
    },
    {
      what: 'a chunk of no size',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n\nx\n0\n\n',
    },
    {
      what: 'a chunk whose size is beyond all measure',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n10000000000000\n',
    },
    {
      what: 'a chunk that is longer than it says',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nxyz\n0\n\n',
    },
    {
      what: 'a name that is none',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding\0: chunked\nContent-Length: 0\n\n',
    },
    {
      what: 'a coding behind what is no space',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: \xa0chunked\n\n0\n\n',
    },
    { what: 'a length behind what is no space', text: 'HTTP/1.1 200 OK\nContent-Length: \xa02\n\nhi' },
    { what: 'a NUL', text: 'HTTP/1.1 200 OK\nX: a\0b\nContent-Length: 0\n\n' },
    {
      what: 'a CR that ends no line',
      text: 'HTTP/1.1 200 OK\nX: a\rContent-Length: 0\nContent-Length: 2\n\nhi',
    },
    { what: 'a coding of HTTP/1.0', text: 'HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n0\n\n' },
    {
      what: 'another answer in place of trailers',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\nHTTP/1.1 500 no\n\n',
    },
    {
      what: 'a trailer without a name',
      text: 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n: x\n\n',
    },
    {
      what: 'a type that breaks its line',
      text: 'HTTP/1.1 200 OK\nContent-Type: a\rb\nContent-Length: 0\n\n',
    },
  ])('with $what is broken', ({ text }) => {
    expect(read([wire(text)]).progress).toBe('broken');
    expect(read([...wire(text)]).progress).toBe('broken');
  });

  test.for([
    'HTTP/1.1 200 OK\n',
    'HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\nhi',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\n',
  ])('whose lines end in LF alone is broken as soon as one does (%j)', (text) => {
    expect(read([text]).progress).toBe('broken');
    expect(read([...text]).progress).toBe('broken');
  });

  test('has a head of 16,384 bytes at most', () => {
    const head = (bytes: number): string => {
      const start = 'HTTP/1.1 204 No Content\r\nX: ';
      return `${start}${'x'.repeat(bytes - start.length)}\r\n\r\n`;
    };
    for (const parts of [
      (text: string) => [text],
      (text: string) => [text.slice(0, 9_000), text.slice(9_000)],
    ]) {
      expect(read(parts(head(16_384))).progress).toBe('done');
      expect(read(parts(head(16_385))).progress).toBe('broken');
    }
  });

  test('has lines of 1,024 bytes between its chunks at most, and trailers of 16,384', () => {
    const head = wire('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n');
    expect(read([`${head}0;${'x'.repeat(1_022)}\r\n\r\n`]).progress).toBe('done');
    expect(read([`${head}0;${'x'.repeat(1_023)}\r\n\r\n`]).progress).toBe('broken');
    const trailers = (bytes: number): string => `X:${'x'.repeat(bytes / 2 - 2)}\r\n`.repeat(2);
    expect(read([`${head}0\r\n${trailers(16_384)}\r\n`]).progress).toBe('done');
    expect(read([`${head}0\r\n${trailers(16_386)}\r\n`]).progress).toBe('broken');
  });
});

describe('a connection', () => {
  const kept = (version: string, headers = ''): number =>
    read([wire(`HTTP/${version} 200 OK\nContent-Length: 0\n${headers}\n`)]).keptMs;

  test.for([
    { version: '1.1', headers: '', ms: 4_000 },
    { version: '1.1', headers: 'Connection: close\n', ms: 0 },
    { version: '1.1', headers: 'Connection: Keep-Alive,  CLOSE\n', ms: 0 },
    { version: '1.1', headers: 'Connection: x\nConnection: close\n', ms: 0 },
    { version: '1.0', headers: '', ms: 0 },
    { version: '1.0', headers: 'Connection: keep-alive\n', ms: 4_000 },
    { version: '1.1', headers: 'Keep-Alive: timeout=5\n', ms: 4_000 },
    { version: '1.1', headers: 'Keep-Alive: max=9, timeout=3\n', ms: 2_000 },
    { version: '1.1', headers: 'Keep-Alive: timeout=1\n', ms: 0 },
    { version: '1.1', headers: 'Keep-Alive: timeout=0\n', ms: 0 },
  ])('of HTTP/$version with "$headers" is kept for $ms ms', ({ version, headers, ms }) => {
    expect(kept(version, headers)).toBe(ms);
  });

  test.for(['204 No', '304 No'])('of a %s that announces a body is not kept, since it may come', (status) => {
    expect(read([wire(`HTTP/1.1 ${status}\nContent-Length: 0\n\n`)])).toMatchObject({ keptMs: 4_000 });
    expect(read([wire(`HTTP/1.1 ${status}\nContent-Length: 9\n\n`)])).toMatchObject({
      progress: 'done',
      keptMs: 0,
    });
    const chunked = wire(`HTTP/1.1 ${status}\nTransfer-Encoding: chunked\n\n`);
    expect(read([chunked])).toMatchObject({ progress: 'done', keptMs: 0 });
  });

  test('on which more comes than the answer is not kept', () => {
    const text = wire('HTTP/1.1 204 No Content\n\n');
    expect(read([text])).toMatchObject({ progress: 'done', keptMs: 4_000 });
    expect(read([`${text}H`])).toMatchObject({ progress: 'done', keptMs: 0 });
  });
});

/** Texts of a hostile app that fill a head. */
const slow = [
  { what: 'spaces in a list', parts: [`HTTP/1.1 200 OK\r\nConnection: a${' '.repeat(16_000)}b\r\n\r\n`] },
  {
    what: 'a head that comes byte by byte',
    parts: [...`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(16_000)}\r\n\r\n`],
  },
];

test.for(slow)('$what costs no more than a moment', async ({ parts }) => {
  const { ms } = await cpuTime(() => {
    for (let time = 0; time < 20; time++) expect(read(parts).heads).toHaveLength(1);
  });
  expect(ms).toBeLessThan(3_000);
});
