import { describe, expect, test } from 'vitest';
import { parseIdempotencyKey } from '../../functions/wire/idempotency-key.ts';

const rule = 'must be 1 to 255 printable ASCII characters without a space at an end';

describe('an idempotency key', () => {
  test.for([
    ['one character', 'x'],
    ['255 characters', 'x'.repeat(255)],
    ['a UUID', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    [
      'every printable character',
      Array.from({ length: 94 }, (_, at) => String.fromCharCode(126 - at)).join(''),
    ],
    ['spaces and commas inside, as of a header that came twice', 'one, two'],
    ['a quote at the end', 'x"'],
    ['a backslash', 'a\\b'],
  ])('that is %s stands for itself', ([, value = '']) => {
    expect(parseIdempotencyKey(value)).toEqual({ ok: true, value });
  });

  test.for([
    ['"8e03978e"', '8e03978e'],
    ['"a, b"', 'a, b'],
    ['"say \\"hi\\" \\\\ bye"', 'say "hi" \\ bye'],
    [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  ])('in quotes, %s, is the text inside', ([value = '', inside]) => {
    expect(parseIdempotencyKey(value)).toEqual({ ok: true, value: inside });
  });

  test.for([
    ['empty', ''],
    ['empty, in quotes', '""'],
    ['256 characters', 'x'.repeat(256)],
    ['256 characters in quotes', `"${'x'.repeat(256)}"`],
    ['a space', ' '],
    ['with a space in front', ' x'],
    ['with a space behind', 'x '],
    ['with a space in front, in quotes', '" x"'],
    ['a tab', 'a\tb'],
    ['a control character', 'a\u0001b'],
    ['a delete character', 'a\u007fb'],
    ['not ASCII', 'clé'],
  ])('that is %s is refused', ([, value = '']) => {
    expect(parseIdempotencyKey(value)).toEqual({ ok: false, error: rule });
  });

  test.for(['"', '"x', '"x" y', '"x", "x"', '"x";a=1', '"a\\b"', '"clé"'])(
    'with a quote that is not closed at the end, %s, is refused',
    (value) => {
      const error = 'must end with the quote that it begins with';
      expect(parseIdempotencyKey(value)).toEqual({ ok: false, error });
    },
  );
});
