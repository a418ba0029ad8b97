import { expect, test } from 'vitest';
import { byteLength, isPrintable, isWellFormed } from '../../functions/wire/printable.ts';

test.for(['', 'alice', 'a b', 'é', '日本', '😀', '\u00a0', '"\\'])('%j is printable', (text) => {
  expect(isPrintable(text)).toBe(true);
});

test.for(['\n', 'a\tb', '\u0000', '\u001f', '\u007f', '\u0080', '\u009f', 'a\ud800', '\udc00b'])(
  '%j is not printable',
  (text) => {
    expect(isPrintable(text)).toBe(false);
  },
);

test.for(['', 'a\nb', '\u0000', '😀', '\uffff'])('%j is well-formed', (text) => {
  expect(isWellFormed(text)).toBe(true);
});

test.for(['\ud800', '\udfff', 'a\ud83d', '\ude00\ud83d', '😀\ud83d'])('%j is not well-formed', (text) => {
  expect(isWellFormed(text)).toBe(false);
});

test.for<[text: string, bytes: number]>([
  ['', 0],
  ['a', 1],
  ['é', 2],
  ['日', 3],
  ['😀', 4],
])('%j is %i bytes of UTF-8', ([text, bytes]) => {
  expect(byteLength(text)).toBe(bytes);
});
