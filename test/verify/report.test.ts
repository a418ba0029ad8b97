import { rmdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { environmentOf, newPlan, planOf } from './plan.ts';
import { packed, type RelayedHook, unpacked } from './relayed-hook.ts';
import { findingsOf, table } from './report.ts';

test('what is as on the stand-in stands in no table', () => {
  expect(table([{ about: 'a ping', standIn: 'no frame', here: 'no frame' }])).toBe(
    'Nothing differed from the stand-in.',
  );
});

test('what differs stands in a table, each in a row of its own', () => {
  const findings = [
    { about: 'a ping', standIn: 'no frame', here: 'the frame a|b\nc' },
    { about: 'a pong', standIn: 'no frame', here: 'no frame' },
  ];
  expect(table(findings).split('\n')).toEqual([
    '| what | the stand-in | here |',
    '| --- | --- | --- |',
    '| a ping | no frame | the frame a\\|b c |',
  ]);
});

test('every test of the suite that failed is a finding, with the first line of why', () => {
  const why = '\u001b[31mAssertionError\u001b[0m: expected 1 to be 2\n    at x';
  const { counts, findings } = findingsOf([
    { about: 'one', state: 'passed', why: '' },
    { about: 'two', state: 'skipped', why: '' },
    { about: 'three', state: 'failed', why },
  ]);
  expect(counts).toBe('1 tests passed, 1 failed, 1 were left out');
  expect(findings).toEqual([
    { about: 'three', standIn: 'passes', here: 'AssertionError: expected 1 to be 2' },
  ]);
});

test('a plan is handed on as it is, and no two have the same name or secrets', async () => {
  const [one, two] = [await newPlan({}), await newPlan({})];
  expect(planOf(environmentOf(one))).toEqual(one);
  expect(one.stackName).toMatch(/^SockethookVerify-[0-9a-f]{8}$/);
  expect(one.stackName).not.toBe(two.stackName);
  expect(one.secrets.apiKeys[0]).not.toBe(two.secrets.apiKeys[0]);
  expect(() => planOf({})).toThrow('npm run verify:aws');
  for (const { folder } of [one, two]) await rmdir(folder);
});

test('the largest hook fits into a message of SQS', () => {
  const body = Buffer.from(`body=${'%C3%A9'.repeat(65_536)}`).toString('base64');
  const hook: RelayedHook = { id: 'x', method: 'POST', url: '/', headers: { a: 'b' }, body };
  expect(packed(hook).length).toBeLessThan(262_144);
  expect(unpacked(packed(hook))).toEqual(hook);
});
