import { expect, test } from 'vitest';
import { Receiver } from '../../functions/websocket/receiver.ts';
import { type Heard, HeardFrames } from '../fakes/heard-frames.ts';
import { clientFrame, close, fragments, inTwo, pieces, ping, pong, text } from './client-frames.ts';
import { maxBytes, violations } from './violations.ts';

/** What is heard of bytes that come in these pieces, each of which is written over as soon as it was read. */
function hear(chunks: readonly Buffer[], max = maxBytes): Heard[] {
  const frames = new HeardFrames();
  const receiver = new Receiver(frames, max);
  for (const chunk of chunks) {
    const read = Buffer.from(chunk);
    expect(receiver.take(read, 0)).toBe(read.length);
    read.fill(0xee);
  }
  return frames.heard;
}

/** Bytes whole, byte by byte, and in every two pieces. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes];
  yield pieces(bytes, 1);
  yield* inTwo(bytes);
}

const euro = Buffer.from('€');
const whole: [string, Buffer[], Heard[]][] = [
  ['an empty text', [text('')], [['text', '', 0]]],
  ['a text', [text('hello')], [['text', 'hello', 5]]],
  ['a text of many bytes to a character', [text('aü€😀')], [['text', 'aü€😀', 10]]],
  ['the character that stands for what is none', [text('\ufffd')], [['text', '\ufffd', 3]]],
  ['a mark of the byte order', [text('\ufeffa')], [['text', '\ufeffa', 4]]],
  ['a zero', [text('\0')], [['text', '\0', 1]]],
  ['a text under a key of zeros', [clientFrame({ opcode: 1, payload: 'abc', key: 0 })], [['text', 'abc', 3]]],
  [
    'a text under a key of ones',
    [clientFrame({ opcode: 1, payload: 'abcde', key: -1 })],
    [['text', 'abcde', 5]],
  ],
  [
    'two texts',
    [text('a'), text('b')],
    [
      ['text', 'a', 1],
      ['text', 'b', 1],
    ],
  ],
  ['a text in parts', fragments(['ab', 'c', '', 'd']), [['text', 'abcd', 4]]],
  ['a text in empty parts', fragments(['', '', '']), [['text', '', 0]]],
  ['a character cut by parts', fragments(pieces(euro, 1)), [['text', '€', 3]]],
  [
    'pings between parts',
    [fragments(['€', 'b'])[0] ?? euro, ping('p'), pong('q'), fragments(['€', 'b'])[1] ?? euro],
    [['ping', '70'], ['pong'], ['text', '€b', 4]],
  ],
  ['an empty ping', [ping()], [['ping', '']]],
  ['a ping of 125 bytes', [ping('p'.repeat(125))], [['ping', '70'.repeat(125)]]],
  ['a pong of 125 bytes', [pong('p'.repeat(125))], [['pong']]],
  ['a close without a code', [close()], [['closing', 1005, '']]],
  ['a close with a code', [close(1000)], [['closing', 1000, '']]],
  ['a close with a reason', [close(4_999, 'tschüß')], [['closing', 4_999, 'tschüß']]],
  [
    'a close with a reason of 123 bytes',
    [close(3_000, 'x'.repeat(123))],
    [['closing', 3_000, 'x'.repeat(123)]],
  ],
  ['a close between parts', [fragments(['a', 'b'])[0] ?? euro, close(1001)], [['closing', 1001, '']]],
  ['a text and a close behind a close', [close(1000), text('late'), close(1001)], [['closing', 1000, '']]],
];

test.for(whole)('%s is heard alike, wherever its bytes are cut', ([, frames, heard]) => {
  for (const chunks of cuts(Buffer.concat(frames))) expect(hear(chunks)).toEqual(heard);
});

test('all of that, less the closes, is heard alike behind one another and in pieces of any size', () => {
  const open = whole.filter(([, , heard]) => heard.every(([event]) => event !== 'closing'));
  const bytes = Buffer.concat(open.flatMap(([, frames]) => frames));
  const heard = open.flatMap(([, , all]) => all);
  for (let size = 1; size <= bytes.length; size++) expect(hear(pieces(bytes, size))).toEqual(heard);
});

test.for(violations)('$name is $code, wherever the bytes are cut', ({ bytes, code, texts = [] }) => {
  const heard = [...texts.map((body) => ['text', body, body.length]), ['violation', code]];
  const read = bytes.length < 1_000 ? bytes : bytes.subarray(0, 1_000);
  const behind = Buffer.concat([read, text('late'), ping(), close()]);
  for (const chunks of cuts(read)) expect(hear(chunks)).toEqual(heard);
  expect(hear([behind])).toEqual(heard);
  expect(hear(pieces(behind, 1))).toEqual(heard);
});

test('a text of 0 to 300 bytes is heard alike, wherever its bytes are cut', () => {
  for (let length = 0; length <= 300; length++) {
    const payload = Array.from({ length }, (_, at) => String.fromCharCode(32 + (at % 90))).join('');
    const frame = clientFrame({ opcode: 1, payload, key: length * 0x01234567 });
    for (const chunks of cuts(frame)) {
      const [heard, ...more] = hear(chunks);
      if (heard?.[1] !== payload || heard[2] !== length || more.length > 0)
        throw new Error(`${length} bytes, cut at ${chunks[0]?.length}: ${heard}`);
    }
  }
});

test.for([65_534, 65_535, 65_536, 65_537])('a text of %i bytes is heard alike, in pieces too', (length) => {
  const payload = Array.from({ length }, (_, at) => String.fromCharCode(32 + (at % 89))).join('');
  const frame = text(payload);
  const ends = Array.from({ length: 20 }, (_, at) => at);
  const places = [...ends, ...ends.map((at) => frame.length - at), 1_000, 32_768, 40_001];
  const ways = [...places.map((at) => [frame.subarray(0, at), frame.subarray(at)]), pieces(frame, 997)];
  for (const chunks of ways) {
    const heard = hear(chunks);
    expect([heard.length, heard[0]?.[1] === payload, heard[0]?.[2]]).toEqual([1, true, length]);
  }
});

test.for<[string, (length: number) => Buffer]>([
  ['in one frame', (length) => text('x'.repeat(length))],
  ['in two parts', (length) => Buffer.concat(fragments(['x', 'x'.repeat(length - 1)]))],
  ['in parts and an empty one', (length) => Buffer.concat(fragments(['x'.repeat(length), '']))],
  ['of two bytes to a character', (length) => text('ü'.repeat(length / 2) + 'x'.repeat(length % 2))],
])('a text of as many bytes as it may have is taken, and one more is 1009: %s', ([, make]) => {
  for (const max of [10, 126, 65_536, 131_072]) {
    for (const chunks of [(bytes: Buffer) => [bytes], (bytes: Buffer) => pieces(bytes, 1_001)]) {
      expect(hear(chunks(make(max)), max).map(([event, , bytes]) => [event, bytes])).toEqual([['text', max]]);
      expect(hear(chunks(make(max + 1)), max)).toEqual([['violation', 1009]]);
    }
  }
});

test('the bound is one of each text: another may follow one that was as long as it may be', () => {
  const longest = 'x'.repeat(10);
  const stream = [text(longest), ...fragments([longest, '']), text(longest), ...fragments(['', longest])];
  expect(hear(stream, 10)).toEqual(Array.from({ length: 4 }, () => ['text', longest, 10]));
});

test('a text that is too big is refused by its head, before any of its bytes has come', () => {
  const head = clientFrame({ opcode: 1, length: 11n });
  expect(hear([head], 10)).toEqual([['violation', 1009]]);
  expect(hear([head.subarray(0, -1)], 10)).toEqual([]);
});

test('a text that is no UTF-8 is refused at its first impossible byte, before it is whole', () => {
  const frame = text(Buffer.concat([euro, Buffer.from('f08f', 'hex'), euro]));
  const impossible = 6 + euro.length + 2;
  expect(hear([frame.subarray(0, impossible - 1)])).toEqual([]);
  expect(hear([frame.subarray(0, impossible)])).toEqual([['violation', 1007]]);
  expect(hear(pieces(frame, 1).slice(0, impossible - 1))).toEqual([]);
  expect(hear(pieces(frame, 1).slice(0, impossible))).toEqual([['violation', 1007]]);
});

test.for<[string, string, number]>([
  ['a reserved bit', 'c1', 1],
  ['a reserved opcode', '83', 1],
  ['a control frame in parts', '09', 1],
  ['no mask', '8100', 2],
  ['a long control frame', '89fe', 2],
  ['a length in more bits than it takes', '81fe007d', 4],
  ['a length of 2^63', '81ff8000000000000000', 10],
])('%s is refused as soon as it shows', ([, hex, bytes]) => {
  const head = Buffer.from(hex, 'hex');
  expect(head.length).toBe(bytes);
  expect(hear([head])).toEqual([['violation', 1002]]);
  expect(hear(pieces(head, 1))).toEqual([['violation', 1002]]);
  expect(hear([head.subarray(0, -1)])).toEqual([]);
});

test('what was stopped hears nothing more', () => {
  const frames = new HeardFrames();
  const receiver = new Receiver(frames, maxBytes);
  receiver.take(clientFrame({ opcode: 1, isFinal: false, payload: 'a'.repeat(1_000) }), 0);
  expect(receiver.held).toBeGreaterThan(0);
  receiver.stop();
  expect(receiver.held).toBe(0);
  expect(receiver.take(clientFrame({ opcode: 0, payload: 'b' }), 0)).toBe(7);
  expect(frames.heard).toEqual([]);
});
