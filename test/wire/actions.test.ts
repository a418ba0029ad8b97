import { expect, test } from 'vitest';
import { type AnswerContext, isAtMostReply, noActions, parseActions } from '../../functions/wire/actions.ts';
import { limits } from '../../functions/wire/limits.ts';
import { must } from './must.ts';

const messageBytes = limits.messageBytes;
const handshake: AnswerContext = { event: 'handshake', offered: ['chat', 'superchat'], messageBytes };
const message: AnswerContext = { event: 'message', offered: [], messageBytes };
const closed: AnswerContext = { event: 'closed', offered: [], messageBytes };

function read(document: unknown, context = message) {
  return parseActions(JSON.stringify(document), context);
}

test('a document with every action is read', () => {
  const send = [{ sockets: ['a='], body: 'to a' }];
  const broadcast = [{ body: 'to all', except: ['b='], path: '/room/1', user: 'alice', group: 'room:1' }];
  const groups = { join: ['room:1'], leave: ['room:2'] };
  const read1 = read({ reply: 'hi', send, broadcast, close: true, state: '{"n":1}', ...groups });
  const sent = [{ sockets: ['a='], malformed: [], body: 'to a' }];
  const value = { reply: 'hi', send: sent, broadcast, close: true, state: '{"n":1}', ...groups };
  expect(read1).toEqual({ ok: true, value });
});

test('an answer to a handshake names user and subprotocol', () => {
  const groups = { join: ['room:1'], leave: ['room:2'] };
  const document = { reply: 'hi', state: 's', user: 'alice', subprotocol: 'superchat', ...groups };
  expect(read(document, handshake)).toEqual({ ok: true, value: { ...noActions, ...document } });
});

test('an answer to a closed sends and broadcasts', () => {
  const document = { send: [{ sockets: 'a=', body: 'x' }], broadcast: [{ body: 'y' }] };
  expect(read(document, closed)).toMatchObject({
    ok: true,
    value: { send: [{ body: 'x' }], broadcast: [{ body: 'y' }] },
  });
});

test.for([handshake, message, closed])('an empty document asks for nothing: $event', (context) => {
  expect(parseActions(' {} ', context)).toEqual({ ok: true, value: noActions });
});

test('empty texts are values, which is how state is cleared', () => {
  expect(read({ reply: '', state: '' })).toEqual({ ok: true, value: { ...noActions, reply: '', state: '' } });
  expect(read({ user: '' }, handshake)).toEqual({ ok: true, value: { ...noActions, user: '' } });
});

test.for(['', 'OK', '{', "{'reply':'x'}", '{"reply":"x"} x', '{"reply":"x",}'])('%j is not JSON', (text) => {
  const error = { code: 'malformed_body', detail: 'The actions document is not JSON.' };
  expect(parseActions(text, message)).toEqual({ ok: false, error });
});

test.for(['null', 'true', '7', '"reply"', '[]', '[{"reply":"x"}]'])(
  'the JSON %s is not an object',
  (text) => {
    const error = { code: 'malformed_body', detail: 'The document must be a JSON object.' };
    expect(parseActions(text, message)).toEqual({ ok: false, error });
  },
);

test.for<[field: string, document: object]>([
  ['Reply', { Reply: 'x' }],
  ['replies', { reply: 'x', replies: [] }],
  ['constructor', { constructor: 1 }],
  ['send.0.to', { send: [{ sockets: 'a', body: 'x', to: 'b' }] }],
  ['broadcast.0.sockets', { broadcast: [{ body: 'x', sockets: 'a' }] }],
])('%j is not a field', ([field, document]) => {
  const error = { code: 'unknown_field', detail: `"${field}" is not a field here.`, field };
  expect(read(document)).toEqual({ ok: false, error });
});

test('the field __proto__ is not a field', () => {
  const error = { code: 'unknown_field', field: '__proto__' };
  expect(parseActions('{"__proto__":{"close":true}}', message)).toMatchObject({ ok: false, error });
});

test.for<[field: string, document: object]>([
  ['send.0.sockets', { send: [{ body: 'x' }] }],
  ['send.1.body', { send: [{ sockets: 'a', body: 'x' }, { sockets: 'a' }] }],
  ['broadcast.0.body', { broadcast: [{}] }],
])('%j is missed', ([field, document]) => {
  const error = { code: 'missing_field', detail: `"${field}" is missing.`, field };
  expect(read(document)).toEqual({ ok: false, error });
});

test.for<[field: string, rule: string, wrong: readonly unknown[]]>([
  ['reply', 'must be text', [null, 7, true, {}, ['x']]],
  ['state', 'must be text', [null, 7, true, {}, ['x']]],
  ['user', 'must be text', [null, 7, true, {}, ['x']]],
  ['subprotocol', 'must be text', [null, 7, true, {}, ['chat']]],
  ['send', 'must be a list', [null, 7, 'x', {}]],
  ['broadcast', 'must be a list', [null, 7, 'x', {}]],
  ['join', 'must be a list of groups', [null, 7, 'x', {}]],
  ['leave', 'must be a list of groups', [null, 7, 'x', {}]],
])('%j %s', ([field, rule, wrong]) => {
  for (const value of wrong) {
    const error = { code: 'invalid_field', detail: `"${field}" ${rule}.`, field };
    expect(read({ [field]: value }, handshake)).toEqual({ ok: false, error });
  }
});

test.for([null, 0, 1, 'true', {}, []])('"close" is true or false, not %j', (close) => {
  const error = { code: 'invalid_field', detail: '"close" must be true or false.', field: 'close' };
  expect(read({ close })).toEqual({ ok: false, error });
});

test.for([null, 7, 'x'])('an entry of "send" or "broadcast" is an object, not %j', (entry) => {
  const send = { code: 'invalid_field', field: 'send.0' };
  const broadcast = { code: 'invalid_field', field: 'broadcast.0' };
  expect(read({ send: [entry] })).toMatchObject({ ok: false, error: send });
  expect(read({ broadcast: [entry] })).toMatchObject({ ok: false, error: broadcast });
});

test.for<[field: string, document: object, context: AnswerContext]>([
  ['close', { close: true }, handshake],
  ['close', { close: false }, handshake],
  ['user', { user: 'alice' }, message],
  ['reply', { reply: 'x' }, closed],
  ['state', { state: 'x' }, closed],
  ['join', { join: ['x'] }, closed],
  ['join', { join: [] }, closed],
  ['leave', { leave: ['x'] }, closed],
  ['close', { close: true }, closed],
  ['user', { user: 'alice' }, closed],
])('%j is not allowed in %j', ([field, document, context]) => {
  const detail = `"${field}" is not allowed in an answer to ${context.event}.`;
  expect(read(document, context)).toEqual({ ok: false, error: { code: 'invalid_field', detail, field } });
});

test.for([message, closed])('a subprotocol is not allowed in an answer to $event', (context) => {
  const error = { code: 'invalid_field', field: 'subprotocol' };
  expect(read({ subprotocol: 'chat' }, context)).toMatchObject({ ok: false, error });
  expect(read({ subprotocol: 'chat' }, { ...context, offered: ['chat'] })).toMatchObject({
    ok: false,
    error,
  });
});

test.for([['chat'], []])(
  'a subprotocol that the client did not offer is refused, its offers being %j',
  (offered) => {
    const detail = '"subprotocol" must be one that the client offered.';
    const error = { code: 'invalid_field', detail, field: 'subprotocol' };
    expect(read({ subprotocol: 'Chat' }, { ...handshake, offered })).toEqual({ ok: false, error });
  },
);

test('each handshake is judged by its own offers', () => {
  expect(read({ subprotocol: 'a' }, { ...handshake, offered: ['a'] })).toMatchObject({ ok: true });
  expect(read({ subprotocol: 'a' }, { ...handshake, offered: ['b'] })).toMatchObject({ ok: false });
});

test.for<[document: (text: string) => object, field: string]>([
  [(body) => ({ reply: body }), 'reply'],
  [(body) => ({ send: [{ sockets: 'a', body }] }), 'send.0.body'],
  [(body) => ({ broadcast: [{ body }] }), 'broadcast.0.body'],
])('a message has at most 131,072 bytes: %s', ([document, field]) => {
  const fits = ['x'.repeat(131_072), 'é'.repeat(65_536)];
  for (const text of fits) expect(read(document(text))).toMatchObject({ ok: true });
  const detail = `"${field}" must be at most 131072 bytes of UTF-8.`;
  const error = { code: 'invalid_field', detail, field, limit: 131_072 };
  for (const text of fits) expect(read(document(`${text}x`))).toEqual({ ok: false, error });
});

test.for([
  { reply: 'x'.repeat(10), ok: true },
  { reply: 'x'.repeat(11), ok: true },
  { reply: 'x'.repeat(32), ok: true },
  { reply: 'x'.repeat(33), ok: false },
  { reply: '€'.repeat(10), ok: true },
  { reply: '€'.repeat(11), ok: false },
  { reply: '\ud800', ok: false },
  { reply: null, ok: false },
  { reply: 'x', extra: 1, ok: false },
])('an answer with a reply alone obeys the rules of all: $reply', ({ ok, ...document }) => {
  const context = { ...message, messageBytes: 32 };
  const result = read(document, context);
  expect(result.ok).toBe(ok);
  // With a second field, it is read by the schema.
  const long = read({ ...document, send: [] }, context);
  expect(result).toEqual(long);
});

test('a gateway with another limit on messages holds to it', () => {
  expect(read({ reply: 'xxx' }, { ...message, messageBytes: 3 })).toMatchObject({ ok: true });
  expect(read({ reply: 'xxxx' }, { ...message, messageBytes: 3 })).toMatchObject({ error: { limit: 3 } });
  expect(read({ reply: 'xxxx' }, { ...message, messageBytes: 4 })).toMatchObject({ ok: true });
});

test.for(['x'.repeat(4_096), 'é'.repeat(2_048)])('a state has at most 4,096 bytes', (state) => {
  expect(read({ state })).toMatchObject({ ok: true, value: { state } });
  const error = { code: 'invalid_field', field: 'state', limit: 4_096 };
  expect(read({ state: `${state}x` })).toMatchObject({ ok: false, error });
});

test.for(['x'.repeat(256), 'é'.repeat(128)])('a user has at most 256 bytes', (user) => {
  expect(read({ user }, handshake)).toMatchObject({ ok: true, value: { user } });
  const error = { code: 'invalid_field', field: 'user' };
  expect(read({ user: `${user}x` }, handshake)).toMatchObject({ ok: false, error });
});

test.for<[kind: string, entry: object]>([
  ['send', { sockets: 'a', body: 'x' }],
  ['broadcast', { body: 'x' }],
])('%j has at most 100 entries', ([kind, entry]) => {
  expect(read({ [kind]: new Array(100).fill(entry) })).toMatchObject({ ok: true });
  const detail = `"${kind}" must be at most 100 entries.`;
  const error = { code: 'invalid_field', detail, field: kind, limit: 100 };
  expect(read({ [kind]: new Array(101).fill(entry) })).toEqual({ ok: false, error });
});

test.for(['join', 'leave'])('"%s" has at most 50 groups, each counted once', (name) => {
  const groups = Array.from({ length: 50 }, (_, at) => `g${at}`);
  expect(read({ [name]: groups })).toMatchObject({ ok: true, value: { [name]: groups } });
  expect(read({ [name]: ['b', 'a', 'b'] })).toMatchObject({ ok: true, value: { [name]: ['b', 'a'] } });
  const detail = `"${name}" must be at most 50 groups.`;
  const error = { code: 'invalid_field', detail, field: name, limit: 50 };
  expect(read({ [name]: [...groups, 'g50'] })).toEqual({ ok: false, error });
  expect(read({ [name]: [...groups, 'g0'] })).toEqual({ ok: false, error });
});

test.for<[group: unknown, rule: string]>([
  ['', 'is not allowed: the name of a group is not empty'],
  ['a'.repeat(257), 'is not allowed: the name of a group is at most 256 bytes'],
  [`${'é'.repeat(128)}a`, 'is not allowed: the name of a group is at most 256 bytes'],
  ['a\nb', 'is not allowed: the name of a group is printable text'],
  ['\ud800', 'is not allowed: the name of a group is printable text'],
  [7, 'must be text'],
  [null, 'must be text'],
  [['a'], 'must be text'],
])('with a group %j among good ones, no action is taken', ([group, rule]) => {
  for (const name of ['join', 'leave']) {
    const field = `${name}.1`;
    const error = { code: 'invalid_field', detail: `"${field}" ${rule}.`, field };
    expect(read({ reply: 'x', [name]: ['good', group, 'good too'] })).toEqual({ ok: false, error });
  }
  const error = { code: 'invalid_field', detail: `"broadcast.0.group" ${rule}.`, field: 'broadcast.0.group' };
  expect(read({ broadcast: [{ body: 'x', group }] })).toEqual({ ok: false, error });
});

test('only an answer with at most a reply is carried out without the registry', () => {
  const isQuick = (document: object): boolean => isAtMostReply(must(read(document)));
  expect(isQuick({})).toBe(true);
  expect(isQuick({ reply: 'x', join: [], leave: [] })).toBe(true);
  expect(isQuick({ join: ['a'] })).toBe(false);
  expect(isQuick({ leave: ['a'] })).toBe(false);
});

test.for(['\n', 'a\u0000', '\u007f', '\u0085', '\ud800'])('%j is neither a state nor a user', (text) => {
  const state = { code: 'invalid_field', detail: '"state" must be printable text.', field: 'state' };
  expect(read({ state: text })).toEqual({ ok: false, error: state });
  const user = { code: 'invalid_field', field: 'user' };
  expect(read({ user: text }, handshake)).toMatchObject({ ok: false, error: user });
});

test.for(['reply', 'send', 'broadcast'])('half of a surrogate pair in "%s" is refused', (kind) => {
  const entry = { body: 'a\ud800', ...(kind === 'send' ? { sockets: 'a' } : {}) };
  const field = kind === 'reply' ? 'reply' : `${kind}.0.body`;
  const document = { [kind]: kind === 'reply' ? entry.body : [entry] };
  const detail = `"${field}" must be well-formed Unicode.`;
  expect(read(document)).toEqual({ ok: false, error: { code: 'invalid_field', detail, field } });
});

test('a message may hold control characters', () => {
  expect(read({ reply: '\u0000\r\n\t' })).toMatchObject({ ok: true, value: { reply: '\u0000\r\n\t' } });
});

test('a field’s name of 128 characters is repeated in an error, of a longer one the beginning', () => {
  const whole = 'n'.repeat(128);
  expect(read({ [whole]: 1 })).toMatchObject({ error: { field: whole } });
  const field = `${whole}…`;
  const error = { code: 'unknown_field', detail: `"${field}" is not a field here.`, field };
  expect(read({ [`${whole}n`]: 1 })).toEqual({ ok: false, error });
  expect(read({ ['n'.repeat(900_000)]: 1 })).toEqual({ ok: false, error });
});
