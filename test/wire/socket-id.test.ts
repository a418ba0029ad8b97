import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';

test.for(['L0SM9cOFvHcCIhw=', 'a', 'a/b+c', 'x'.repeat(128)])('%j can be a socket', (text) => {
  expect(parseSocketId(text)).toBe(text);
});

test.for(['', '.', '..', 'a.b', '!', ' ', 'a b', 'a\n', '\u007f', 'é', '日本', 'x'.repeat(129)])(
  '%j can not be a socket',
  (text) => {
    expect(parseSocketId(text)).toBeUndefined();
  },
);

test("a socket id that we make has API Gateway's form", () => {
  const made = fc.property(fc.uint8Array({ minLength: 11, maxLength: 11 }), (bytes) => {
    const id = socketIdFrom(bytes);
    expect(id).toMatch(/^[A-Za-z0-9_-]{15}=$/);
    expect(parseSocketId(id)).toBe(id);
    expect(Buffer.from(id, 'base64url')).toEqual(Buffer.from(bytes));
  });
  fc.assert(made);
});
