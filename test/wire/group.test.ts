import { expect, test } from 'vitest';
import { type GroupName, isWithinLimits, parseGroup } from '../../functions/wire/group.ts';
import { must } from './must.ts';

const groups = (...names: readonly string[]): GroupName[] => names.map((name) => must(parseGroup(name)));
const many = (count: number): GroupName[] => groups(...Array.from({ length: count }, (_, at) => `g${at}`));

test.for([
  'a',
  'room:1',
  'room/1',
  '.',
  '..',
  '-',
  '/',
  ' ',
  'a?b#c&d=e%2F+',
  '日本',
  'a'.repeat(256),
  'é'.repeat(128),
  '\u{1f600}'.repeat(64),
])('%j is the name of a group', (text) => {
  expect(parseGroup(text)).toEqual({ ok: true, value: text });
});

test.for<[text: string, error: string]>([
  ['', 'the name of a group is not empty'],
  ['a'.repeat(257), 'the name of a group is at most 256 bytes'],
  [`${'é'.repeat(128)}a`, 'the name of a group is at most 256 bytes'],
  [`${'\u{1f600}'.repeat(64)}a`, 'the name of a group is at most 256 bytes'],
  ['a\nb', 'the name of a group is printable text'],
  ['\u0000', 'the name of a group is printable text'],
  ['a\u007f', 'the name of a group is printable text'],
  ['\u0085', 'the name of a group is printable text'],
  ['\ud800', 'the name of a group is printable text'],
])('%j is no name of a group', ([text, error]) => {
  expect(parseGroup(text)).toEqual({ ok: false, error });
});

test('a socket is in at most 50 groups', () => {
  expect(isWithinLimits([])).toBe(true);
  expect(isWithinLimits(many(50))).toBe(true);
  expect(isWithinLimits(many(51))).toBe(false);
});

test('the names of the groups of a socket have at most 1,024 bytes together', () => {
  const names = groups('a'.repeat(256), 'b'.repeat(256), 'c'.repeat(256), 'd'.repeat(254));
  expect(isWithinLimits([...names, ...groups('é')])).toBe(true);
  expect(isWithinLimits([...names, ...groups('éa')])).toBe(false);
});
