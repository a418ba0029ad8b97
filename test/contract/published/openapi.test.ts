import { readFileSync } from 'node:fs';
import { compileErrors, validate } from '@readme/openapi-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import openapi from '../../../functions/wire/openapi.json' with { type: 'json' };
import { type ProblemCode, problems } from '../../../functions/wire/problems.ts';
import { routes } from '../../../functions/wire/routes.ts';
import { sendFailures } from '../../../functions/wire/send-failures.ts';
import { type LocalWorld, startLocal } from '../../support/local.ts';
import { nodes } from './nodes.ts';
import { openApiSchemas } from './schemas.ts';

const operations = Object.entries(openapi.paths).flatMap(([path, calls]) =>
  Object.entries(calls).map(([method, call]) => ({ method: method.toUpperCase(), path, call })),
);

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

test('openapi.json is valid, and every reference in it has a target', async () => {
  const result = await validate(structuredClone(openapi) as unknown as Parameters<typeof validate>[0]);
  expect(result.valid ? '' : compileErrors(result)).toBe('');
});

test('openapi.json has the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(openapi.info.version).toBe(version);
});

test('openapi.json has every call of the gateway, and no other', () => {
  const routed = Object.entries(routes).flatMap(([path, { methods }]) =>
    methods.map((method) => `${method} ${path}`),
  );
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toEqual(routed);
});

test('every operation has a unique name', () => {
  expect(operations.map(({ call }) => call.operationId)).toEqual([
    'sendMessage',
    'broadcastMessage',
    'getBroadcast',
    'cancelBroadcast',
    'createWebSocketUrl',
    'listSockets',
    'getSocket',
    'closeSocket',
    'getGroup',
    'listGroup',
    'listGroupUsers',
    'joinGroup',
    'leaveGroup',
    'listDeadLetters',
    'replayDeadLetters',
    'getDeadLetter',
    'deleteDeadLetter',
    'replayDeadLetter',
    'getHealth',
    'getOpenApi',
    'getAsyncApi',
  ]);
});

test.for(operations)('$method $path needs a key if and only if openapi.json says so', async (operation) => {
  const { method, path, call } = operation;
  const headers = { Authorization: '' };
  const answer = await world.api.call(method, path.replaceAll(/\{\w+\}/g, 'x'), { headers });
  const isOpen = 'security' in call && call.security.length === 0;
  expect(answer.status).toBe(isOpen ? 200 : 401);
});

test('every answer that openapi.json has for a call names the request', () => {
  const bare = [...nodes(openapi)].filter(
    ({ at, content }) => /\/responses\/\w+$/.test(at) && content['$ref'] === undefined && !named(content),
  );
  expect(bare.map(({ at }) => at)).toEqual([]);
});

function named({ headers }: Readonly<Record<string, unknown>>): boolean {
  return typeof headers === 'object' && headers !== null && 'X-Request-Id' in headers;
}

test('every code of a problem is listed with its status, and some answer can have it', () => {
  const refs = Object.values(openapi.components.responses).map(
    ({ content }) => content['application/problem+json'].schema.$ref.split('/').at(-1) ?? '',
  );
  const stated = Object.entries(openapi.components.schemas).flatMap(([name, schema]) =>
    'allOf' in schema && refs.includes(name) ? [schema.allOf[1]?.properties] : [],
  );
  expect(stated).toHaveLength(refs.length);
  const codes = stated.flatMap((properties) => properties?.code.enum ?? []);
  expect(new Set(codes)).toEqual(new Set(openapi.components.schemas.ProblemCode.enum));
  for (const properties of stated) {
    for (const code of properties?.code.enum ?? []) {
      expect([code, problems[code as ProblemCode].status]).toEqual([code, properties?.status.enum[0]]);
    }
  }
});

test('an example of a problem has the title of its code', () => {
  const examples = Object.values(openapi.components.responses).flatMap(({ content }) =>
    Object.values(content['application/problem+json'].examples),
  );
  for (const { value } of examples) expect(value.title).toBe(problems[value.code as ProblemCode].title);
});

test('openapi.json has every code of a failed send, and says what it means', () => {
  const { enum: codes, description } = openapi.components.schemas.SendFailure;
  expect(codes).toEqual(sendFailures);
  for (const code of codes) expect(description).toContain(`\`${code}\``);
});

test.for(Object.entries(openapi.components.schemas))(
  'the schema %s is a valid JSON Schema, and its examples conform',
  ([name, schema]) => {
    const validate = openApiSchemas(openapi)(name);
    const examples: readonly unknown[] = 'examples' in schema ? schema.examples : [];
    expect(examples.filter((example) => !validate(example))).toEqual([]);
  },
);

test('every object is closed except the two documents themselves', () => {
  const open = [...nodes(openapi)].filter(
    ({ content }) => content['type'] === 'object' && content['additionalProperties'] !== false,
  );
  expect(open.map(({ at }) => at.split('/responses/')[0])).toEqual([
    '/paths//openapi.json/get',
    '/paths//asyncapi.json/get',
  ]);
});

test('the gateway serves openapi.json to anyone', async () => {
  const answer = await fetch(`${world.api.url}/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await answer.json()).toEqual(openapi);
});
