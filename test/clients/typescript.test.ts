import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installed, newFolder, openApi, run } from './generator.ts';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true }));

/** An app that calls the gateway by the generated types: what it leaves out may be left out, what it tells apart can be. */
const consumer = `
import type { components, paths } from './api.ts';

type Schemas = components['schemas'];
type Call<Path extends '/send' | '/broadcast' | '/urls'> = paths[Path]['post'];
type Body<Path extends '/send' | '/broadcast' | '/urls'> = Call<Path>['requestBody']['content']['application/json'];

export const bodies: [Body<'/urls'>, Body<'/urls'>, Body<'/send'>, Body<'/send'>, Body<'/broadcast'>] = [
  { path: '/room/1' },
  { path: '/room/1', user: 'alice', groups: ['room:1'], expiresIn: 60 },
  { sockets: 'a=', body: 'x' },
  { sockets: ['a=', 'b='], body: 'x' },
  { body: 'x', group: 'room:1' },
];
export const query: paths['/sockets']['get']['parameters']['query'] = { path: '/room/1' };

export const keyed: Call<'/broadcast'>['parameters'] = { header: { 'Idempotency-Key': 'key' } };
export const keyless: Call<'/send'>['parameters'] = {};
type InUse = Call<'/send'>['responses'][409];
export const wait = ({ headers }: InUse): string => \`\${headers['Retry-After'].toFixed()} s\`;

type Join = paths['/groups/{group}/sockets/{socket}']['put'];
export const join: Join['parameters'] = { path: { group: '-', socket: 'a=' }, query: { group: 'room/1' } };
export const plain: Join['parameters'] = { path: { group: 'room:1', socket: 'a=' } };
export const isFull = (problem: Join['responses'][409]['content']['application/problem+json']): boolean =>
  problem.code === 'too_many_groups';
type Users = paths['/groups/{group}/users']['get']['responses'][200]['content']['application/json'];
export const names = ({ users }: Users): string[] => users.map(({ user, sockets }) => \`\${user}: \${sockets}\`);

// @ts-expect-error A path is needed.
export const noPath: Schemas['UrlRequest'] = {};
// @ts-expect-error There is no such field.
export const unknown: Schemas['Send'] = { sockets: 'a=', body: 'x', path: '/' };

type Answers = Call<'/send'>['responses'];
export function complaint(
  problem:
    | Answers[400]['content']['application/problem+json']
    | Answers[401]['content']['application/problem+json']
    | Answers[413]['content']['application/problem+json'],
): string {
  if (problem.status === 413) return \`at most \${problem.limit.toFixed()} bytes\`;
  if (problem.code === 'missing_field') return \`\${problem.field ?? 'a field'} is missing\`;
  // @ts-expect-error No answer of this call has the code.
  if (problem.code === 'unknown_socket') return '';
  return problem.detail ?? problem.title;
}
export const failures = (outcome: Schemas['SendOutcome']): string[] =>
  outcome.failed.filter(({ code }) => code === 'slow_client').map(({ socket }) => socket);
`;

test('openapi-typescript makes types of openapi.json that an app can be written by', async () => {
  const generator = await installed('openapi-typescript/node_modules/.bin/openapi-typescript');
  await run(generator, [openApi, '--output', 'api.ts'], folder);
  await writeFile(join(folder, 'app.ts'), consumer);
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
  const how = ['--noEmit', '--allowImportingTsExtensions', '--module', 'nodenext', '--types', ''];
  const checked = run(resolve('node_modules/.bin/tsc'), [...strict, ...how, 'app.ts'], folder);
  await expect(checked).resolves.toBe('');
});
