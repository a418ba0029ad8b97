import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeGroups, noGroupChange } from '../../functions/gateway/group-change.ts';
import { type GroupName, isWithinLimits, parseGroup } from '../../functions/wire/group.ts';
import { must } from '../wire/must.ts';

const groups = (...names: readonly string[]): GroupName[] => names.map((name) => must(parseGroup(name)));
const numbered = (count: number): GroupName[] =>
  groups(...Array.from({ length: count }, (_, at) => `g${at}`));
const change = (join: readonly string[], leave: readonly string[] = []) => ({
  join: groups(...join),
  leave: groups(...leave),
});

test('groups are listed in the order in which the socket joined them', () => {
  expect(changeGroups(groups('b', 'a'), change(['d', 'c']))).toEqual(['b', 'a', 'd', 'c']);
});

test('a group that is left and joined again is the last one', () => {
  const left = changeGroups(groups('a', 'b'), change([], ['a'])) ?? [];
  expect(changeGroups(left, change(['a']))).toEqual(['b', 'a']);
});

test('a name that is repeated counts once', () => {
  expect(changeGroups(groups('a'), change(['b', 'b', 'a']))).toEqual(['a', 'b']);
});

test('a group that is both joined and left is left, even if the socket was in it', () => {
  expect(changeGroups(groups('x'), change(['a'], ['a']))).toEqual(['x']);
  expect(changeGroups(groups('x', 'a'), change(['a'], ['a']))).toEqual(['x']);
});

test.for<[why: string, join: string[], leave: string[]]>([
  ['nothing is asked', [], []],
  ['it is in them already', ['a', 'b'], []],
  ['it is not in them', [], ['c']],
  ['it joins and leaves at once', ['c'], ['c']],
])('the list is the same object if %s', ([, join, leave]) => {
  const before = groups('a', 'b');
  expect(changeGroups(before, change(join, leave))).toBe(before);
});

test('no change changes nothing', () => {
  const none = groups();
  expect(changeGroups(none, noGroupChange)).toBe(none);
});

test('the 50th group is joined, the 51st is not, and neither is another in the same change', () => {
  expect(changeGroups(numbered(49), change(['new']))).toHaveLength(50);
  expect(changeGroups(numbered(50), change(['new']))).toBeUndefined();
  expect(changeGroups(numbered(49), change(['new', 'newer']))).toBeUndefined();
});

test('a socket in 50 groups can move from one to another', () => {
  const moved = changeGroups(numbered(50), change(['new'], ['g0']));
  expect(moved).toHaveLength(50);
  expect(moved).toContain('new');
  expect(moved).not.toContain('g0');
});

test('the 1,024th byte of names fits, the 1,025th does not', () => {
  const names = groups('a'.repeat(256), 'b'.repeat(256), 'c'.repeat(256), 'd'.repeat(254));
  expect(changeGroups(names, change(['é']))).toHaveLength(5);
  expect(changeGroups(names, change(['éa']))).toBeUndefined();
});

test('a socket that is in too many groups can leave some of them, but join none', () => {
  expect(changeGroups(numbered(60), change([], ['g0']))).toHaveLength(59);
  expect(changeGroups(numbered(60), change(['new']))).toBeUndefined();
  expect(changeGroups(numbered(60), change(['new'], ['g0']))).toBeUndefined();
});

test('a socket that leaves many short names can not join more bytes than fit', () => {
  const short = numbered(46);
  const long = groups('a'.repeat(256), 'b'.repeat(256), 'c'.repeat(256));
  const wanted = ['d'.repeat(256), 'e'.repeat(256)];
  expect(changeGroups([...short, ...long], change(wanted.slice(0, 1), short))).toHaveLength(4);
  expect(changeGroups([...short, ...long], change(wanted, short))).toBeUndefined();
});

test('after any change within the limits, a socket is in what it joined and not in what it left', () => {
  const names = fc.subarray(numbered(60));
  const holds = fc.property(names, names, names, (before, join, leave) => {
    fc.pre(isWithinLimits(before));
    const after = changeGroups(before, { join, leave });
    const wanted = new Set([...before, ...join].filter((name) => !leave.includes(name)));
    if (after === undefined) expect(wanted.size).toBeGreaterThan(50);
    else expect(after).toEqual([...wanted]);
  });
  fc.assert(holds, { numRuns: 500 });
});
