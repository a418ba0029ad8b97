import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSamePath, isSameQuery } from '../../functions/wire/url-equivalence.ts';
import { otherPaths, samePaths } from './escaped-urls.ts';

test.for(samePaths)('the path %j may arrive as %j', ([path, arrives]) => {
  expect([isSamePath(path, arrives), isSamePath(arrives, path)]).toEqual([true, true]);
});

test.for(otherPaths)('the path %j is not %j', ([path, arrives]) => {
  expect([isSamePath(path, arrives), isSamePath(arrives, path)]).toEqual([false, false]);
});

test.for([
  ['/100%25', '/100%', true],
  ['/100%25zz', '/100%zz', true],
  ['/a%5cb', '/a%5Cb', true],
  ['/a%5Cb', '/a\\b', false],
  ['/%FF', '/%FF', true],
  ['/%FF', '/%FE', false],
  ['/a#b', '/a%23b', false],
] as const)('of %j and %j it is %s that they are one', ([one, other, isSame]) => {
  expect([isSamePath(one, other), isSamePath(other, one)]).toEqual([isSame, isSame]);
});

test('a path is one whether a proxy escapes all that it can or nothing that it need not', () => {
  const segment = fc
    .string({ unit: 'grapheme' })
    .filter((text) => text.isWellFormed() && !/[/\\?#%]/.test(text));
  const property = fc.property(fc.array(segment), (segments) => {
    const decoded = `/${segments.join('/')}`;
    const escaped = `/${segments.map(encodeURIComponent).join('/')}`;
    expect(isSamePath(escaped, decoded)).toBe(true);
    expect(isSamePath(`${escaped}x`, decoded)).toBe(false);
  });
  fc.assert(property, { numRuns: 300 });
});

test.for<[query: string, arrives: string]>([
  ['', ''],
  ['x=1', 'x=1'],
  ["y='2'", 'y=%272%27'],
  ['x=a%20b', 'x=a+b'],
  ['x=caf%c3%a9', 'x=caf%C3%A9'],
  ['x', 'x='],
  ['x=%', 'x=%25'],
  ["x=%e9'", 'x=%E9%27'],
])('the query %j may arrive as %j', ([query, arrives]) => {
  expect([isSameQuery(query, arrives), isSameQuery(arrives, query)]).toEqual([true, true]);
});

test.for<[query: string, arrives: string]>([
  ['x=1', ''],
  ['x=1', 'x=1&user=eve'],
  ['x=1', 'x=2'],
  ['x=1', 'X=1'],
  ['x=1&x=2', 'x=2&x=1'],
  ['x=1&y=2', 'y=2&x=1'],
  ['x=1%26user%3Deve', 'x=1&user=eve'],
  ['x%3D1', 'x=1'],
  ['x=a%2Bb', 'x=a+b'],
  ['x=%FF', 'x=%FE'],
  ['x=%FF', 'x=%EF%BF%BD'],
])('the query %j is not %j', ([query, arrives]) => {
  expect([isSameQuery(query, arrives), isSameQuery(arrives, query)]).toEqual([false, false]);
});
