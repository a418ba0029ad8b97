import { expect, test } from 'vitest';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { byteLength } from '../../functions/wire/printable.ts';
import { problem, problems, problemType } from '../../functions/wire/problems.ts';

test('a problem says its title, status and code', () => {
  const title = 'No such socket is open';
  expect(problem('unknown_socket')).toEqual({ title, status: 404, code: 'unknown_socket' });
});

test('a problem says what is known of this case', () => {
  const details = { detail: '"body" is too long.', field: 'body', limit: 131_072 };
  const { title, status } = problems.body_too_large;
  expect(problem('body_too_large', details)).toEqual({ title, status, code: 'body_too_large', ...details });
});

test('a refusal has the status that the app refused with', () => {
  expect(problem('refused_by_app', { status: 418 })).toMatchObject({ status: 418, code: 'refused_by_app' });
});

test('a problem is of the media type of RFC 9457', () => {
  expect(problemType).toBe('application/problem+json');
});

test.for(Object.entries(problems))('%s has a status of failure and a title', ([code, { status, title }]) => {
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(title).not.toBe('');
});

test.for(Object.entries(closeCodes))('the reason of the close %s fits a control frame', ([, { reason }]) => {
  expect(byteLength(reason)).toBeLessThanOrEqual(123);
});
