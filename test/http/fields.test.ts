import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommonFields, writeFields } from '../../functions/http/fields.ts';

/** Headers in their order. */
type Pairs = readonly (readonly [name: string, value: string])[];

/** Writes headers as if there had never been others. */
function writtenPlainly(headers: Readonly<Record<string, string>>): unknown {
  let value = '';
  for (const [name, said] of Object.entries(headers)) {
    const isOurs = ['host', 'connection', 'content-length', 'transfer-encoding'].includes(name.toLowerCase());
    if (isOurs || !/^[!#$%&'*+.^`|~\w-]+$/.test(name)) return { ok: false, error: 'ERR_INVALID_HTTP_TOKEN' };
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(said)) return { ok: false, error: 'ERR_INVALID_CHAR' };
    value += `${name}: ${said}\r\n`;
  }
  return { ok: true, value };
}

/** Writes one request after another, and expects of each what is written plainly. */
function expectPlain(requests: readonly Pairs[]): void {
  for (const pairs of requests) {
    const headers = Object.fromEntries(pairs);
    expect(writeFields(headers)).toEqual(writtenPlainly(headers));
  }
}

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

describe('the headers of requests in a row', () => {
  const many: Pairs = Array.from({ length: 40 }, (_, at) => [`x-${at}`, `${at}`]);
  const [a, b, c]: Pairs = [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ];
  const changed = (pairs: Pairs, at: number, value: string): Pairs =>
    pairs.map(([name, said], place) => [name, place === at ? value : said]);

  test.for<[what: string, requests: readonly Pairs[]]>([
    ['fewer, then all of them again', [[a!, b!, c!], [a!], [], [a!, b!, c!]]],
    [
      'another order',
      [
        [a!, b!, c!],
        [c!, b!, a!],
        [b!, a!],
        [a!, b!, c!],
      ],
    ],
    ['the last of a longer request behind other ones', [[a!, b!, c!], [b!], [b!, b!, c!], [a!, b!, c!]]],
    [
      'another value in the middle',
      [
        [a!, b!, c!],
        [a!, ['b', 'x'], c!],
        [a!, b!, c!],
      ],
    ],
    [
      'another name with the same value',
      [
        [a!, b!, c!],
        [a!, ['d', '2'], c!],
        [a!, b!, c!],
      ],
    ],
    [
      'a name in other letters',
      [
        [a!, b!, c!],
        [a!, ['B', '2'], c!],
        [a!, b!, c!],
      ],
    ],
    [
      'a name that is not valid',
      [
        [a!, b!, c!],
        [a!, ['b:', '2'], c!],
        [a!, b!, c!],
        [a!, ['b:', '2'], c!],
      ],
    ],
    [
      'a value that is not valid',
      [
        [a!, b!, c!],
        [a!, ['b', '\n'], c!],
        [a!, ['b', '\n'], c!],
        [a!, b!, c!],
      ],
    ],
    [
      'a value that is not valid at first',
      [[['e', '\n'], b!], [['e', '']], [['e', '\n'], b!], [['e', '1'], b!]],
    ],
    [
      'a text that is the end of one and the start of the next',
      [[['ab', 'c']], [['a', 'bc']], [['ab', 'c']]],
    ],
  ])('are written as they are: %s', ([, requests]) => {
    expectPlain(requests);
  });

  test.for([31, 32, 33, 34, 40])('are all written, also when there are %i', (count) => {
    const all = many.slice(0, count);
    for (let at = 0; at < count; at++)
      expectPlain([all, changed(all, at, 'other'), all, changed(all, at, 'no\n'), changed(all, at, ''), all]);
  });

  test('are all written when there were more names than are remembered', () => {
    const names: Pairs = Array.from({ length: 600 }, (_, at) => [`n-${at}`, 'x']);
    for (let round = 0; round < 2; round++) expectPlain(names.map((pair) => [a!, pair, b!]));
    expectPlain([names, names]);
  });

  test('are written as if each request were the first', () => {
    const name = fc.constantFrom(
      'a',
      'b',
      'c',
      'A',
      '1',
      'host',
      'no:',
      '__proto__',
      ...many.map(([one]) => one),
    );
    const value = fc.constantFrom('', '1', '2', 'no\n', 'J\xfcrgen');
    const change = fc.record({
      kept: fc.nat({ max: 36 }),
      others: fc.array(fc.tuple(name, value), { maxLength: 4 }),
      rest: fc.boolean(),
    });
    const same = fc.property(fc.array(change, { minLength: 2, maxLength: 12 }), (changes) => {
      let last: Pairs = many.slice(0, 36);
      const requests = changes.map(({ kept, others, rest }) => {
        const all = [...last.slice(0, kept), ...others, ...(rest ? last.slice(kept + others.length) : [])];
        last = all;
        return all;
      });
      expectPlain(requests);
    });
    fc.assert(same, { numRuns: 500 });
  });
});

test('headers that many requests have in common are written once, or not at all', () => {
  expect(new CommonFields({ 'x-token': 'abc' }).lines).toBe('x-token: abc\r\n');
  expect(new CommonFields({}).lines).toBe('');
  expect(() => new CommonFields({ 'x-token': 'secret\n' })).toThrow(
    "A header can't be written: ERR_INVALID_CHAR.",
  );
});
