import { expect, test } from 'vitest';
import { shortageOf } from '../../functions/http/shortage.ts';

/** An error as Node.js makes them of a connect to one address; of a name with several, one of all their errors. */
const failed = (...codes: string[]): Error => {
  const [first, ...others] = codes.map((code) =>
    Object.assign(new Error(code), { code, syscall: 'connect' }),
  );
  if (first === undefined || others.length === 0) return first ?? new Error();
  return Object.assign(new AggregateError([first, ...others]), { code: first.code });
};

test.for([
  { codes: ['EMFILE'], isOurs: true },
  { codes: ['ENFILE'], isOurs: true },
  { codes: ['ENOBUFS'], isOurs: true },
  { codes: ['EADDRNOTAVAIL'], isOurs: true },
  { codes: ['ECONNREFUSED'], isOurs: false },
  { codes: ['ETIMEDOUT'], isOurs: false },
  { codes: ['EMFILE', 'EMFILE'], isOurs: true },
  { codes: ['ECONNREFUSED', 'EMFILE'], isOurs: true },
  { codes: ['EADDRNOTAVAIL', 'EADDRNOTAVAIL'], isOurs: true },
  // No IPv6 on this machine, and an app that does not listen.
  { codes: ['EADDRNOTAVAIL', 'ECONNREFUSED'], isOurs: false },
  { codes: ['ECONNREFUSED', 'ECONNREFUSED'], isOurs: false },
])('a connection that fails by $codes is a shortage of our own: $isOurs', ({ codes, isOurs }) => {
  expect(shortageOf(failed(...codes)) !== undefined).toBe(isOurs);
});

test('a name that is unknown is none while there are descriptors', () => {
  const code = 'ENOTFOUND';
  expect(shortageOf(Object.assign(new Error(code), { code, syscall: 'getaddrinfo' }))).toBeUndefined();
});
