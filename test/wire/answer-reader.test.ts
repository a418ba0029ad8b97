import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerReader } from '../../functions/wire/answer-reader.ts';
import { limits } from '../../functions/wire/limits.ts';

const head = {
  ...{ status: 200, contentType: 'application/json', retryAfter: '', contentEncoding: '', refusal: [] },
};

/** Reads a body whose length is said or not, in these pieces, each from the middle of a buffer that is reused. */
function read(
  pieces: readonly Uint8Array[],
  said: number | undefined,
  given: Partial<typeof head> = {},
): unknown {
  const reader = new AnswerReader({ ...head, ...given }, said);
  for (const [at, piece] of pieces.entries()) {
    const buffer = Buffer.alloc(at + piece.length + 3, '\xff', 'latin1');
    buffer.set(piece, at);
    const early = reader.take(buffer, at, at + piece.length);
    buffer.fill('!');
    if (early !== undefined) return early;
  }
  return reader.end();
}

/** A body in pieces of so many bytes. */
function inPieces(body: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) pieces.push(body.subarray(at, at + size));
  return pieces;
}

const bytes = (text: string): Buffer => Buffer.from(text);
const answered = {
  kind: 'response',
  status: 200,
  contentType: 'application/json',
  retryAfter: '',
  refusal: [],
};
const notUtf8 = { ...answered, body: '', unreadable: 'The answer is not UTF-8.' };

describe('the body of an answer', () => {
  test.for<[what: string, body: Buffer, is: unknown]>([
    ['text', bytes('{"reply":"é 日本 😀"}'), { ...answered, body: '{"reply":"é 日本 😀"}' }],
    ['a mark of its byte order', bytes('\ufeff{}'), { ...answered, body: '{}' }],
    ['nothing but that mark', bytes('\ufeff'), { ...answered, body: '' }],
    ['two of them', bytes('\ufeff\ufeff{}'), { ...answered, body: '\ufeff{}' }],
    ['a character that stands for what is not UTF-8', bytes('"\ufffd"'), { ...answered, body: '"\ufffd"' }],
    ['a byte that is not UTF-8', Buffer.from('"\xe9"', 'latin1'), notUtf8],
    ['half a character', bytes('"😀').subarray(0, 3), notUtf8],
    ['nothing', bytes(''), { ...answered, body: '' }],
  ])('with %s is the same whole and in pieces, with and without a length', ([, body, is]) => {
    for (const said of [body.length, undefined]) {
      expect(read(body.length === 0 ? [] : [body], said), 'whole').toEqual(is);
      for (let size = 1; size < body.length; size++)
        expect([size, read(inPieces(body, size), said)]).toEqual([size, is]);
    }
  });

  test('is taken as a whole buffer too', () => {
    const reader = new AnswerReader(head, 2);
    expect(reader.take(bytes('{}'))).toBeUndefined();
    expect(reader.end()).toEqual({ ...answered, body: '{}' });
  });

  test('is the same in any pieces, also empty ones', () => {
    const anyBody = fc.oneof(
      fc.string({ unit: 'binary' }).map(bytes),
      fc.uint8Array().map((array) => Buffer.from(array)),
    );
    const same = fc.property(anyBody, fc.array(fc.nat({ max: 40 })), (body, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b), body.length];
      const pieces = places.slice(1).map((place, at) => body.subarray(places[at], place));
      const whole = read([body], undefined);
      for (const said of [body.length, undefined]) expect(read(pieces, said)).toEqual(whole);
    });
    fc.assert(same, { numRuns: 500 });
  });

  test.for(['gzip', 'br, gzip', 'GZIP'])(
    'with Content-Encoding %s can’t be read, whole or in pieces',
    (coding) => {
      const unreadable = { ...answered, body: '', unreadable: `The answer has Content-Encoding ${coding}.` };
      for (const body of [bytes('{}'), Buffer.from([0x1f, 0x8b])]) {
        const given = { contentEncoding: coding };
        for (const pieces of [[body], inPieces(body, 1)]) {
          expect(read(pieces, 2, given)).toEqual(unreadable);
          expect(read(pieces, undefined, given)).toEqual(unreadable);
        }
      }
      const nothing = { ...answered, body: '' };
      for (const said of [0, undefined])
        expect(read([Buffer.alloc(0)], said, { contentEncoding: coding })).toEqual(nothing);
      expect(read([], 0, { contentEncoding: coding })).toEqual(nothing);
    },
  );

  test('with Content-Encoding identity is read', () => {
    for (const contentEncoding of ['identity', 'Identity'])
      expect(read([bytes('{}')], 2, { contentEncoding })).toEqual({ ...answered, body: '{}' });
  });

  test('of another length than was said is never the end of it alone', () => {
    const [before, all, after] = [bytes('[10,'), bytes('"x"'), bytes(']')];
    expect(read([all], 4), 'fewer bytes').toEqual({ ...answered, body: '"x"' });
    expect(read([before, all, after], 3), 'as many in the middle').toEqual({ ...answered, body: '[10,"x"]' });
    expect(read([Buffer.alloc(0), all], 3), 'behind nothing').toEqual({ ...answered, body: '"x"' });
    expect(read([all, after], 3), 'more bytes').toEqual({ ...answered, body: '"x"' });
  });

  test('may have 1 MiB, and not a byte more, in one piece or many', () => {
    const tooLarge = { kind: 'broken', why: `the answer has more than ${limits.answerBytes} bytes` };
    const given = { contentType: 'application/vnd.sockethook+json' };
    for (const said of [limits.answerBytes, limits.answerBytes + 1, undefined]) {
      const [fits, tooMuch] = [
        Buffer.alloc(limits.answerBytes, 'x'),
        Buffer.alloc(limits.answerBytes + 1, 'x'),
      ];
      for (const size of [65_536, limits.answerBytes + 1]) {
        expect(read(inPieces(fits, size), said, given)).toMatchObject({
          kind: 'response',
          body: String(fits),
        });
        expect(read(inPieces(tooMuch, size), said, given)).toEqual(tooLarge);
      }
    }
  });

  test('of an answer that can’t act is dropped', () => {
    for (const given of [{ status: 300 }, { status: 500 }, { contentType: 'text/html' }]) {
      const is = { ...answered, ...given, body: '' };
      expect(read([bytes('{}')], 2, given)).toEqual(is);
      expect(new AnswerReader({ ...head, ...given }, 2).early).toEqual(is);
    }
    expect(new AnswerReader(head, 2).early).toBeUndefined();
  });
});
