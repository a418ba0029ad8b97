import { expect, test } from 'vitest';
import { unmask } from '../../functions/websocket/unmask.ts';
import { masked } from './client-frames.ts';

/** Bytes that start so far into a piece of memory, with others on both sides. */
function placed(bytes: Buffer, offset: number): Buffer {
  const memory = Buffer.from(new ArrayBuffer(offset + bytes.length + 16)).fill(0xaa);
  bytes.copy(memory, offset);
  return memory;
}

const turns: [number, number][] = [
  [0x00000000, 0x00],
  [0x01020304, 0x02],
  [0xfffefdfc, 0xfe],
  [0x80000001, 0x00],
  [0x7fffffff, 0xff],
];

test.for(turns)('bytes under the key %i are unmasked wherever they lie, and no others', ([key]) => {
  const mask = Buffer.from([key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255]);
  for (let length = 0; length <= 300; length++) {
    const payload = Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 255));
    const hidden = masked(payload, mask);
    for (let offset = 0; offset < 8; offset++) {
      const memory = placed(hidden, offset);
      unmask(memory, offset, offset + length, key | 0);
      if (!memory.equals(placed(payload, offset))) throw new Error(`${length} bytes at ${offset}`);
      // As a part of a larger piece of memory, as what is read is.
      const part = placed(hidden, offset).subarray(offset);
      unmask(part, 0, length, key | 0);
      if (!part.equals(placed(payload, offset).subarray(offset)))
        throw new Error(`${length} bytes in a part`);
    }
  }
});

test.for(turns)('bytes under the key %i are unmasked in two steps as in one', ([key, second]) => {
  const mask = Buffer.from([key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255]);
  expect(mask[1]).toBe(second);
  for (const length of [
    0, 1, 2, 3, 4, 63, 64, 65, 66, 67, 68, 127, 128, 129, 140, 200, 255, 256, 257, 258, 259, 299, 520,
  ]) {
    const payload = Buffer.from(Array.from({ length }, (_, at) => (at * 13) & 255));
    const hidden = masked(payload, mask);
    for (let cut = 0; cut <= length; cut++) {
      const memory = Buffer.from(hidden);
      const next = unmask(memory, 0, cut, key | 0);
      unmask(memory, cut, length, next);
      if (!memory.equals(payload)) throw new Error(`${length} bytes, cut at ${cut}`);
    }
  }
});

test.for([65_535, 65_536, 131_072])('%i bytes are unmasked', (length) => {
  const payload = Buffer.from(Array.from({ length }, (_, at) => (at * 31) & 255));
  const memory = placed(masked(payload, Buffer.from([1, 2, 3, 4])), 3);
  unmask(memory, 3, 3 + length, 0x01020304);
  expect(memory.equals(placed(payload, 3))).toBe(true);
});
