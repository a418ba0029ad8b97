import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Hmac } from '../../functions/wire/hmac.ts';

/** RFC 4231 sections 4.2, 4.3 and 4.5, whose data is text in UTF-8. */
const published = [
  {
    key: '0b'.repeat(20),
    text: 'Hi There',
    code: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    key: Buffer.from('Jefe').toString('hex'),
    text: 'what do ya want for nothing?',
    code: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
];

describe('an HMAC', () => {
  test.for(published)('of "$text" is the published one', ({ key, text, code }) => {
    const hmac = new Hmac(Buffer.from(key, 'hex'));
    expect(hmac.digest(text, 'hex')).toBe(code);
    expect(hmac.digest(text, 'base64')).toBe(Buffer.from(code, 'hex').toString('base64'));
  });

  test('is that of node:crypto, text after text', () => {
    const key = randomBytes(32);
    const hmac = new Hmac(key);
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 6_000 }));
    fc.assert(
      fc.property(text, (text) => {
        expect(hmac.digest(text, 'hex')).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }),
    );
  });

  test('in two parts is that of the whole', () => {
    const key = randomBytes(32);
    const hmac = new Hmac(key);
    const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 1_500 }));
    fc.assert(
      fc.property(part, part, (start, rest) => {
        expect(hmac.digest(start, 'hex', rest)).toBe(hmac.digest(start + rest, 'hex'));
      }),
    );
  });

  test.for([0, 1, 2_047, 2_048, 2_049, 100_000])(
    'of %i characters of three bytes each is whole',
    (length) => {
      const key = randomBytes(64);
      const text = '\u20ac'.repeat(length);
      const code = createHmac('sha256', key).update(text).digest('base64');
      expect(new Hmac(key).digest(text, 'base64')).toBe(code);
    },
  );

  test('is not made with a key of 65 bytes', () => {
    expect(() => new Hmac(randomBytes(65))).toThrow('The key of an HMAC has at most 64 bytes.');
  });
});
