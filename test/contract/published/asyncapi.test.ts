import { readFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actionsType } from '../../../functions/wire/action-rules.ts';
import { type AnswerContext, parseActions } from '../../../functions/wire/actions.ts';
import asyncapi from '../../../functions/wire/asyncapi.json' with { type: 'json' };
import { closeCodes } from '../../../functions/wire/close-codes.ts';
import { hookEvents, hookFields } from '../../../functions/wire/hook.ts';
import { limits } from '../../../functions/wire/limits.ts';
import openapi from '../../../functions/wire/openapi.json' with { type: 'json' };
import { isPing } from '../../../functions/wire/ping.ts';
import { type ProblemCode, problems, problemType } from '../../../functions/wire/problems.ts';
import { type LocalWorld, startLocal } from '../../support/local.ts';
import { aHook } from '../../wire/a-hook.ts';
import { hookVectors } from '../../wire/hook-vectors.ts';
import { nodes } from './nodes.ts';
import { asyncApiSchemas } from './schemas.ts';

const schema = asyncApiSchemas(asyncapi);
const payloads = {
  handshake: schema('HandshakeHook'),
  message: schema('MessageHook'),
  closed: schema('ClosedHook'),
  joined: schema('JoinedHook'),
  left: schema('LeftHook'),
};
const answers = {
  handshake: schema('HandshakeActions'),
  message: schema('MessageActions'),
  closed: schema('ClosedActions'),
  joined: schema('JoinedActions'),
  left: schema('LeftActions'),
};

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

test('asyncapi.json is valid according to the schema of AsyncAPI 3.0.0', () => {
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  formats.default(ajv);
  const published: Readonly<Record<string, unknown>> = { ...specs.schemas['3.0.0'] };
  const validate = ajv.compile(published);
  expect([validate(asyncapi), validate.errors]).toEqual([true, null]);
});

test('every reference in asyncapi.json has a target', () => {
  const known = new Set([...nodes(asyncapi)].map(({ at }) => `#${at}`));
  const referred = [...nodes(asyncapi)].flatMap(({ content }) => content['$ref'] ?? []);
  expect(referred.length).toBeGreaterThan(50);
  expect(referred.filter((reference) => !known.has(String(reference)))).toEqual([]);
});

test('an operation has messages of its own channel, and its reply has those of the channel of replies', () => {
  for (const operation of Object.values(asyncapi.operations)) {
    const reply = 'reply' in operation ? [operation.reply] : [];
    for (const { channel, messages } of [operation, ...reply]) {
      for (const { $ref } of messages) expect($ref).toContain(`${channel.$ref}/messages/`);
    }
  }
});

test('asyncapi.json has the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(asyncapi.info.version).toBe(version);
});

test('a schema of the same name is the same in both documents', () => {
  const here: Readonly<Record<string, object>> = asyncapi.components.schemas;
  const shared = Object.entries(openapi.components.schemas).filter(([name]) => name in here);
  expect(shared.map(([name]) => name)).toContain('Send');
  for (const [name, there] of shared) expect([name, here[name]]).toEqual([name, there]);
});

test('asyncapi.json has every limit with its value', () => {
  expect(asyncapi['x-limits']).toEqual(limits);
});

test('asyncapi.json has every close code, with its reason and whether to reconnect', () => {
  const written = asyncapi.channels.socket['x-close-codes'];
  const real = Object.values(closeCodes).map((close) => ({ ...close, reconnect: expect.any(Boolean) }));
  expect(written.map(({ description: _, ...code }) => code)).toEqual(real);
});

test('a hook has the fields of asyncapi.json, in their order', () => {
  const { properties, required } = asyncapi.components.schemas.Hook;
  expect(required).toEqual(Object.keys(hookFields(aHook())));
  expect(Object.keys(properties)).toEqual(Object.keys(hookFields(aHook({ event: 'joined' }))));
  expect(properties.event.enum).toEqual(hookEvents);
});

test.for(hookVectors)('the hook of the vector “$name” conforms to asyncapi.json', ({ hook, json }) => {
  expect([payloads[hook.event](JSON.parse(json)), payloads[hook.event].errors]).toEqual([true, null]);
});

test('a hook of one event does not conform to another', () => {
  for (const event of hookEvents) {
    const fields = hookFields(aHook({ event, code: event === 'closed' ? '1000' : '' }));
    expect(hookEvents.filter((other) => payloads[other](fields))).toEqual([event]);
  }
});

test.for(['group', 'sequence'] as const)('only joined and left hooks have a %s, and always', (name) => {
  for (const event of hookEvents) {
    const fields = hookFields(aHook({ event, code: event === 'closed' ? '1000' : '' }));
    const { [name]: _, ...without } = fields;
    const isPresence = event === 'joined' || event === 'left';
    expect(payloads[event](without), `${event} without ${name}`).toBe(!isPresence);
    expect(payloads[event]({ ...fields, [name]: '7' }), `${event} with ${name}`).toBe(isPresence);
  }
});

test.for<[groups: unknown, isRight: boolean]>([
  ['[]', true],
  ['["room:1"]', true],
  [[], true],
  [['room:1'], true],
  [new Array(50).fill('g'), true],
  [new Array(51).fill('g'), false],
  ['', false],
  ['room:1', false],
  [[''], false],
  [['a\nb'], false],
  [[7], false],
  [['g'.repeat(257)], false],
  [null, false],
])('a hook whose groups are %j conforms: %j', ([groups, isRight]) => {
  expect(payloads.handshake({ ...hookFields(aHook()), groups })).toBe(isRight);
});

test('the examples of all messages conform to their schemas', () => {
  const channels: readonly { messages: Readonly<Record<string, object>> }[] = Object.values(
    asyncapi.channels,
  );
  const messages = channels.flatMap((channel) => Object.values(channel.messages));
  let count = 0;
  for (const message of messages as Message[]) {
    for (const example of message.examples ?? []) {
      for (const part of ['headers', 'payload'] as const) {
        const name = message[part]?.$ref.split('/').at(-1);
        if (name === undefined || example[part] === undefined) continue;
        count += 1;
        const validate = schema(name);
        expect([name, validate(example[part]), validate.errors]).toEqual([name, true, null]);
      }
    }
  }
  expect(count).toBeGreaterThan(10);
});

interface Message {
  readonly headers?: { readonly $ref: string };
  readonly payload?: { readonly $ref: string };
  readonly examples?: readonly { readonly headers?: object; readonly payload?: unknown }[];
}

test.for(Object.entries(asyncapi.components.schemas))(
  'the schema %s is a valid JSON Schema, and its examples conform',
  ([name, { ...content }]) => {
    const examples: readonly unknown[] = 'examples' in content ? content.examples : [];
    expect(examples.filter((example) => !schema(name)(example))).toEqual([]);
  },
);

test('every refusal has its code at its status, and the two documents have every problem', () => {
  const refusals = asyncapi.components.schemas.Refusal.oneOf.map(({ properties }) => properties);
  const codes = refusals.flatMap(({ code }) => code.enum);
  for (const { code, status } of refusals) {
    for (const name of code.enum) {
      const { status: real } = problems[name as ProblemCode];
      expect([name, 'const' in status ? status.const : 403]).toEqual([name, real]);
    }
  }
  const all = [...openapi.components.schemas.ProblemCode.enum, ...codes];
  expect(all.filter((code, at) => all.indexOf(code) !== at).sort()).toEqual([
    'headers_too_large',
    'internal_error',
    'request_timed_out',
  ]);
  expect(new Set(all)).toEqual(new Set(Object.keys(problems)));
  expect(asyncapi.channels.upgradeAnswer.messages.refusal.contentType).toBe(problemType);
});

const named = (count: number) => Array.from({ length: count }, (_, at) => `g${at}`);

test.for<[string, object]>([
  ['nothing', {}],
  ['an empty reply', { reply: '' }],
  ['a reply that is a number', { reply: 7 }],
  ['a reply of 131,072 bytes', { reply: 'x'.repeat(131_072) }],
  ['a reply of 131,073 bytes', { reply: 'x'.repeat(131_073) }],
  ['an empty list of sends', { send: [] }],
  ['a send', { send: [{ sockets: 'a=', body: 'x' }] }],
  ['a send to an empty id', { send: [{ sockets: '', body: 'x' }] }],
  ['a send to an empty list', { send: [{ sockets: [], body: 'x' }] }],
  ['a send to a list with an empty id', { send: [{ sockets: ['', 'a='], body: 'x' }] }],
  ['a send to nobody', { send: [{ body: 'x' }] }],
  ['a send that is no list', { send: { sockets: 'a=', body: 'x' } }],
  ['101 sends', { send: Array.from({ length: 101 }, () => ({ sockets: 'a=', body: 'x' })) }],
  ['a broadcast', { broadcast: [{ body: 'x', path: 'a b', user: 'alice', except: [] }] }],
  ['a broadcast to an empty user', { broadcast: [{ body: 'x', user: '' }] }],
  ['a broadcast to sockets', { broadcast: [{ body: 'x', sockets: 'a=' }] }],
  ['100 broadcasts', { broadcast: Array.from({ length: 100 }, () => ({ body: 'x' })) }],
  ['a broadcast to a group', { broadcast: [{ body: 'x', group: 'room:1' }] }],
  ['a broadcast to an empty group', { broadcast: [{ body: 'x', group: '' }] }],
  ['a broadcast to a list of groups', { broadcast: [{ body: 'x', group: ['room:1'] }] }],
  ['a join', { join: ['room:1'] }],
  ['a join of nothing', { join: [] }],
  ['a join that is text', { join: 'room:1' }],
  ['a join of a name of 256 bytes', { join: ['g'.repeat(256)] }],
  ['a join of a name of 257 bytes', { join: ['g'.repeat(257)] }],
  ['a join of a name with a line feed', { join: ['a\nb'] }],
  ['a join of 50 groups', { join: named(50) }],
  ['a join of 51 groups', { join: named(51) }],
  ['a leave', { leave: ['room:1'] }],
  ['a leave of an empty name', { leave: ['room:1', ''] }],
  ['a leave of a number', { leave: [7] }],
  ['a leave of 51 groups', { leave: named(51) }],
  ['close', { close: true }],
  ['close as text', { close: 'true' }],
  ['an empty state', { state: '' }],
  ['a state with a line feed', { state: 'a\nb' }],
  ['a state of 4,097 bytes', { state: 'x'.repeat(4_097) }],
  ['a user', { user: 'alice' }],
  ['an empty user', { user: '' }],
  ['a user of 257 bytes', { user: 'x'.repeat(257) }],
  ['a subprotocol', { subprotocol: 'chat' }],
  ['a subprotocol that is a number', { subprotocol: 7 }],
  ['a typing error', { repyl: 'x' }],
])('actions with %s are taken from just those hooks that asyncapi.json says', ([, document]) => {
  const text = JSON.stringify(document);
  const context: Omit<AnswerContext, 'event'> = { offered: ['chat'], messageBytes: limits.messageBytes };
  const taken = hookEvents.filter((event) => parseActions(text, { ...context, event }).ok);
  expect(hookEvents.filter((event) => answers[event](document))).toEqual(taken);
});

test('the answers with actions in asyncapi.json have the media type of actions', () => {
  for (const event of hookEvents) {
    const { actions } = asyncapi.channels[`${event}Answer`].messages;
    expect(actions.contentType).toBe(actionsType);
  }
});

test.for<unknown>([{ sockethook: 'ping' }, { sockethook: 'ping', n: 1 }, { sockethook: 'pong' }, {}, 'ping'])(
  'the gateway takes %j for a ping if and only if asyncapi.json says so',
  (message) => {
    expect(schema('Ping')(message)).toBe(isPing(JSON.stringify(message)));
  },
);

test('the gateway serves asyncapi.json to anyone', async () => {
  const answer = await fetch(`${world.api.url}/asyncapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await answer.json()).toEqual(asyncapi);
});
