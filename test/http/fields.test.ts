import { describe, expect, test } from 'vitest';
import { CommonFields, writeFields } from '../../functions/http/fields.ts';

describe('headers', () => {
  test('stand on a line each, as they were given', () => {
    expect(writeFields({ 'content-type': 'text/plain', 'X-Name': 'J\xfcrgen\t2' })).toEqual({
      ok: true,
      value: 'content-type: text/plain\r\nX-Name: J\xfcrgen\t2\r\n',
    });
  });

  test.for(['Host', 'connection', 'Content-Length', 'TRANSFER-ENCODING', '', 'a b', 'a:', 'a\r\n', 'ä'])(
    'can not be called %j',
    (name) => {
      expect(writeFields({ fine: 'x', [name]: 'x' })).toEqual({ ok: false, error: 'ERR_INVALID_HTTP_TOKEN' });
    },
  );

  test.for(['hosted', 'x-connection', 'content-lengths'])('can be called %s', (name) => {
    expect(writeFields({ [name]: '' })).toEqual({ ok: true, value: `${name}: \r\n` });
  });

  test.for(['\r', '\n', '\0', '\x7f', 'a\r\nb: c', '\u0100'])('can not say %j', (value) => {
    expect(writeFields({ name: value })).toEqual({ ok: false, error: 'ERR_INVALID_CHAR' });
  });

  test('are looked at again whenever a value is another one', () => {
    for (const value of ['a', 'a', 'b', '', 'a'])
      expect(writeFields({ again: value })).toEqual({ ok: true, value: `again: ${value}\r\n` });
    for (const value of ['a\n', 'a\n']) expect(writeFields({ again: value })).toMatchObject({ ok: false });
    expect(writeFields({ again: 'a' })).toMatchObject({ ok: true });
  });
});

test('headers that many requests have in common are written once, or not at all', () => {
  expect(new CommonFields({ 'x-token': 'abc' }).lines).toBe('x-token: abc\r\n');
  expect(new CommonFields({}).lines).toBe('');
  expect(() => new CommonFields({ 'x-token': 'secret\n' })).toThrow(
    "A header can't be written: ERR_INVALID_CHAR.",
  );
});
