import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Head, knownHead, parseHead, rememberHead } from '../../functions/http/response-head.ts';
import { type Progress, ResponseParser } from '../../functions/http/response-parser.ts';

/** What came of an answer. */
interface Read {
  readonly progress: Progress;
  readonly heads: readonly Head[];
  readonly body: string;
  readonly keptMs: number;
}

/** What a connection reads next, in these parts. */
function readOn(parser: ResponseParser, parts: readonly string[]): Read {
  parser.reset();
  const heads: Head[] = [];
  let body = '';
  let progress: Progress = 'more';
  const listener = {
    head: (head: Head) => void heads.push(head),
    body: (bytes: Buffer, from: number, to: number) => {
      body += bytes.toString('latin1', from, to);
      return true;
    },
  };
  for (const part of parts) {
    if (progress === 'broken') break;
    // Bytes around the part, as in a buffer that is used again and again.
    const buffer = Buffer.from(`HTTP${part}\r\n\r\n`, 'latin1');
    progress = parser.take(buffer.subarray(4, 4 + part.length), listener);
    buffer.fill(0);
  }
  return { progress, heads, body, keptMs: parser.keptMs };
}

/** The same answer as nobody can know it: byte by byte, no head comes in one piece. */
const unknown = (text: string): Read => readOn(new ResponseParser(), [...text]);

/** The same answer in two parts. */
const cutAt = (text: string, at: number): string[] => [text.slice(0, at), text.slice(at)].filter(Boolean);

const wire = (text: string): string => text.replaceAll('\n', '\r\n');

const ok = 'HTTP/1.1 200 OK\nContent-Type: a/b\nContent-Length: 2\n\nhi';
/** A head of so many bytes, with the empty line at its end. */
const headOf = (bytes: number, end: string): string => {
  const [start, rest] = ['HTTP/1.1 200 OK\r\nX: ', `${end}\r\nContent-Length: 2\r\n\r\n`];
  return start + 'x'.repeat(bytes - start.length - rest.length) + rest;
};

/** Answers that are easily taken for each other. */
const answers = [
  ok,
  ok.replace('hi', 'ho'),
  ...[ok.replace('200', '201'), ok.replace('200', '500'), ok.replace('OK', 'OJ'), ok.replace('a/b', 'a/c')],
  ok.replace('Content-Type', 'Xontent-Type'),
  ok.replace('Length: 2', 'Length: 1').slice(0, -1),
  ok.replace('Length: 2', 'Length: 3').concat('!'),
  ok.replace('Length: 2', 'Length: 22').concat('0'.repeat(20)),
  ok.replace('\n\n', '\nRetry-After: 7\n\n'),
  ok.replace('\n\n', '\n\nHTTP/1.1 200 OK\n').replace('Length: 2', 'Length: 19'),
  ok.replace('\n\n', '\nConnection: close\n\n'),
  ok.replace('1.1', '1.0'),
  'HTTP/1.1 100 Continue\n\n'.concat(ok),
  'HTTP/1.1 103 Early\nLink: </a>\n\n'.repeat(2).concat(ok),
  'HTTP/1.1 500 No\nRetry-After: '.concat(ok),
  'HTTP/1.1 200 OK\n'.concat(ok),
  'HTTP/1.1 200 OK\n\nto the end',
  'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'HTTP/1.1 204 No Content\n\n',
  'HTTP/1.1 304 No\nContent-Length: 9\n\n',
  'HTTP/1.1 401 No\nWWW-Authenticate: Basic\nContent-Length: 2\n\nno',
  'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n',
  'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n1\nb\n0\nX: y\n\n',
  'HTTP/1.1 101 Switching\n\n',
  'HTTP/1.1 200 OK\nContent-Length: x\n\n',
  'HTTP/1.1 200 OK\nContent-Length: 2',
]
  .map(wire)
  .concat(...[511, 512, 513, 514].map((bytes) => [`${headOf(bytes, 'y')}hi`, `${headOf(bytes, 'z')}hi`]));

describe('an answer', () => {
  const shown = answers.map((text) => ({ start: JSON.stringify(text.slice(0, 70)), text }));

  test.for(shown)('after any other is read as it is, wherever it is cut ($start)', ({ text }) => {
    const right = unknown(text);
    for (const before of answers) {
      const parser = new ResponseParser();
      readOn(parser, [before]);
      expect([before, readOn(parser, [text])]).toEqual([before, right]);
    }
    for (const before of [text, wire(ok)]) {
      for (let cut = 0; cut <= text.length; cut++) {
        const parser = new ResponseParser();
        readOn(parser, [before]);
        expect([cut, readOn(parser, cutAt(text, cut))]).toEqual([cut, right]);
      }
    }
  });

  test('that differs from the last by any one byte is read as it is', () => {
    const last = wire(ok);
    for (let at = 0; at < last.length; at++) {
      for (const other of ['0', 'x', ':', ' ', '\r', '\n', '\0', '\xff']) {
        const text = last.slice(0, at) + other + last.slice(at + 1);
        readOn(new ResponseParser(), [last]);
        expect([at, other, readOn(new ResponseParser(), [text])]).toEqual([at, other, unknown(text)]);
      }
    }
  });

  test('is read as it is after whatever came on this connection and on others, in whatever parts', () => {
    const came = fc.record({
      text: fc.constantFrom(...answers),
      connection: fc.nat({ max: 2 }),
      cut: fc.option(fc.nat({ max: 600 }), { nil: 0 }),
    });
    const same = fc.property(fc.array(came, { minLength: 2, maxLength: 12 }), (all) => {
      const parsers = [0, 1, 2].map(() => new ResponseParser());
      for (const { text, connection, cut } of all)
        expect(readOn(parsers[connection]!, cutAt(text, cut))).toEqual(unknown(text));
    });
    fc.assert(same, { numRuns: 300 });
  });

  test('that is the same as the last says so when more comes than the answer', () => {
    const text = wire(ok);
    expect([1, 2].map(() => readOn(new ResponseParser(), [`${text}H`]).keptMs)).toEqual([0, 0]);
    expect(readOn(new ResponseParser(), [text]).keptMs).toBe(4_000);
  });
});

describe('the last head', () => {
  const remember = (text: string) => {
    const bytes = Buffer.from(`..${text}..`, 'latin1');
    const head = parseHead(text.slice(0, -4));
    if (head === undefined) throw new Error('not a head');
    rememberHead(head, bytes, 2, 2 + text.length);
    // The buffer is used again.
    bytes.fill(0);
    return head;
  };
  const known = (text: string, at = 0) => knownHead(Buffer.from(text, 'latin1'), at);

  test('is known by its bytes, where they are, and only if they are all there', () => {
    const text = wire('HTTP/1.1 200 OK\nContent-Length: 2\n\n');
    const head = remember(text);
    expect(known(text)?.head).toBe(head);
    expect(known(`${text}hi`)?.bytes).toHaveLength(text.length);
    expect(known(`..${text}hi`, 2)?.head).toBe(head);
    for (const at of [0, 1, 3]) expect(known(`..${text}hi`, at)).toBeUndefined();
    for (let length = 0; length < text.length; length++) expect(known(text.slice(0, length))).toBeUndefined();
  });

  test('is kept if it has 512 bytes, and not if it has one more', () => {
    const [fits, isTooLong] = [headOf(512, 'a'), headOf(513, 'b')];
    remember(fits);
    remember(isTooLong);
    expect(known(isTooLong)).toBeUndefined();
    expect(known(fits)).toBeDefined();
  });

  test('is one that came in one piece, and no information that came before it', () => {
    const text = wire(ok.replace('a/b', 'in/pieces'));
    for (let cut = 1; cut < text.indexOf('\r\n\r\n') + 4; cut++) {
      readOn(new ResponseParser(), cutAt(text, cut));
      expect([known(text), known(text.slice(cut))]).toEqual([undefined, undefined]);
      expect(readOn(new ResponseParser(), [text.slice(cut)]).heads).toEqual([]);
    }
    const early = wire('HTTP/1.1 103 Early\n\n');
    readOn(new ResponseParser(), [`${early}${text}`]);
    expect(known(early)).toBeUndefined();
    expect(known(text)?.head).toMatchObject({ status: 200, contentType: 'in/pieces' });
  });
});
