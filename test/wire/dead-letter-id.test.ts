import { describe, expect, test } from 'vitest';
import { deadLetterIdOf, parseDeadLetterId } from '../../functions/wire/dead-letter-id.ts';
import { hookId } from '../../functions/wire/hook.ts';

const now = 1_764_000_000_000;
const id = deadLetterIdOf(hookId('message', 'm/1='), now);

describe('the id of a dead letter', () => {
  test('is the same for the same hook, and another for another', () => {
    expect(deadLetterIdOf(hookId('message', 'm/1='), now)).toBe(id);
    expect(deadLetterIdOf(hookId('closed', 'm/1='), now)).not.toBe(id);
    expect(deadLetterIdOf(hookId('message', 'm/1='), now + 1)).not.toBe(id);
  });

  test('needs no escapes in a URL, and can be read again', () => {
    expect(encodeURIComponent(id)).toBe(id);
    expect(parseDeadLetterId(id)).toBe(id);
  });

  test('is in the order of the times of the hooks', () => {
    const times = [0, 1, 35, 36, now, now + 1, now + 86_400_000, 4_102_444_800_000, 36 ** 9 - 1];
    const ids = times.map((time) => deadLetterIdOf(hookId('message', String(time)), time));
    expect([...ids].sort()).toEqual(ids);
    for (const each of ids) expect(parseDeadLetterId(each)).toBe(each);
  });

  test.for([
    '',
    'x',
    id.slice(1),
    id.slice(0, -1),
    `${id}A`,
    `0${id}`,
    id.replace('-', '_'),
    id.toUpperCase(),
    `${id.slice(0, -1)}=`,
    `${id.slice(0, -1)}/`,
    `${id}\n`,
  ])('can’t be %j', (text) => {
    expect(parseDeadLetterId(text)).toBeUndefined();
  });
});
