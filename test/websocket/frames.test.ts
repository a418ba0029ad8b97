import { expect, test } from 'vitest';
import { closeFrame, pongFrame, textFrame } from '../../functions/websocket/frames.ts';
import { readServerClose, readServerFrames } from './server-frames.ts';

test.for<[number, string]>([
  [0, '8100'],
  [1, '8101'],
  [125, '817d'],
  [126, '817e007e'],
  [127, '817e007f'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
  [16_777_216, '817f0000000001000000'],
])('a text of %i bytes has the head %s', ([bytes, head]) => {
  const frame = textFrame('x'.repeat(bytes));
  expect(frame.toString('hex', 0, frame.length - bytes)).toBe(head);
  expect(frame.subarray(frame.length - bytes).every((byte) => byte === 0x78)).toBe(true);
});

test('a length is one of bytes, not of characters', () => {
  expect(textFrame('ü'.repeat(63)).toString('hex', 0, 4)).toBe('817e007e');
  expect(textFrame('€'.repeat(21_845)).toString('hex', 0, 4)).toBe('817effff');
  expect(readServerFrames(textFrame('a😀')).frames[0]?.payload.toString()).toBe('a😀');
});

test('half a surrogate pair becomes a replacement character, so that the frame is UTF-8', () => {
  expect(readServerFrames(textFrame('a\ud800b')).frames[0]?.payload.toString()).toBe('a\ufffdb');
});

test.for([0, 1, 125])('a pong of %i bytes has the payload that it was given', (bytes) => {
  const payload = Buffer.alloc(bytes, 7);
  expect(readServerFrames(pongFrame(payload)).frames).toEqual([{ opcode: 10, payload }]);
});

test('a close frame without a code is empty', () => {
  expect(closeFrame().toString('hex')).toBe('8800');
  expect(closeFrame(1000).toString('hex')).toBe('880203e8');
});

test.for<[string, string, number]>([
  ['as long as it may be', 'x'.repeat(123), 123],
  ['one byte too long', 'x'.repeat(124), 123],
  ['two bytes to a character', 'ü'.repeat(61), 122],
  ['two bytes to a character, and cut before the one that does not fit', 'ü'.repeat(62), 122],
  ['three bytes to a character', '€'.repeat(42), 123],
  ['four bytes to a character', '😀'.repeat(31), 120],
  ['one byte, then four to a character', `abc${'😀'.repeat(31)}`, 123],
  ['half a surrogate pair where it is cut', `${'x'.repeat(122)}😀`, 122],
  ['very long', '😀'.repeat(100_000), 120],
])('the reason of a close frame is cut between characters at 123 bytes: %s', ([, reason, bytes]) => {
  const [frame] = readServerFrames(closeFrame(4_000, reason)).frames;
  expect(frame?.payload.length).toBe(2 + bytes);
  const said = readServerClose(frame ?? { opcode: 8, payload: Buffer.alloc(0) });
  expect(said.code).toBe(4_000);
  expect(reason.startsWith(said.reason)).toBe(true);
});
