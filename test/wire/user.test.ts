import { expect, test } from 'vitest';
import { parseUser } from '../../functions/wire/user.ts';

test.for(['', 'alice', 'Alice Liddell', '日本', 'a'.repeat(256), 'é'.repeat(128), '😀'.repeat(64)])(
  '%j is a user',
  (text) => {
    expect(parseUser(text)).toEqual({ ok: true, value: text });
  },
);

test.for(['a'.repeat(257), `${'é'.repeat(128)}a`, `${'😀'.repeat(64)}a`])('%j is too long a user', (text) => {
  expect(parseUser(text)).toEqual({ ok: false, error: 'a user is at most 256 bytes' });
});

test.for(['a\nb', '\u0000', 'a\u007f', '\u0085', '\ud800'])(
  '%j is no user, since it can not be printed',
  (text) => {
    expect(parseUser(text)).toEqual({ ok: false, error: 'a user is printable text' });
  },
);
