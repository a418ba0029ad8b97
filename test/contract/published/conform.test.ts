import { expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { conforms, headersConform } from '../../support/conform.ts';
import type { ReceivedHook } from '../../support/conform-hook.ts';
import { hookConforms } from '../../support/conform-hook.ts';
import { startLocal } from '../../support/local.ts';

const json = 'application/json';
const problem = 'application/problem+json';
const sent = { delivered: 1, queued: 0, gone: [], failed: [] };
const unknown = { title: 'No such socket is open', status: 404, code: 'unknown_socket' };
const tooMany = { title: 'The socket would be in too many groups', status: 409, code: 'too_many_groups' };
const nothing = { title: 'No such call', status: 404, code: 'not_found' };
const inUse = {
  ...{ title: 'A call with this idempotency key is running', status: 409, code: 'idempotency_key_in_use' },
};
const other = { title: 'This call needs another method', status: 405, code: 'method_not_allowed' };

test.for<[string, string, number, string, unknown]>([
  ['POST', '/send', 200, json, sent],
  ['GET', '/health', 200, json, { status: 'ok', breaker: 'closed' }],
  ['GET', '/health', 200, json, { status: 'ok', breaker: 'open', openedAt: 1_764_000_000_000 }],
  ['GET', '/sockets?limit=1', 200, json, { sockets: [] }],
  ['GET', '/sockets/a%3D', 404, problem, unknown],
  ['GET', '/sockets/', 404, problem, unknown],
  ['DELETE', '/sockets/a%3D', 204, '', {}],
  ['GET', '/groups/g/sockets', 200, json, { sockets: [] }],
  ['GET', '/groups/-/users?group=a', 200, json, { users: [{ user: 'alice', sockets: 2 }] }],
  ['PUT', '/groups/g/sockets/a', 204, '', {}],
  ['PUT', '/groups/g/sockets/a', 404, problem, unknown],
  ['PUT', '/groups/g/sockets/a', 409, problem, tooMany],
  ['POST', '/send', 409, problem, inUse],
  ['GET', '/nowhere', 404, problem, nothing],
  ['PUT', '/send', 405, problem, other],
])('%s %s may answer %i', ([method, path, status, type, document]) => {
  expect(() => conforms(method, path, status, type, document)).not.toThrow();
});

test.for<[why: string, string, string, number, string, unknown]>([
  ['a status that is not described', 'POST', '/send', 202, json, sent],
  ['another media type', 'POST', '/send', 200, 'text/plain', sent],
  ['a problem of another type', 'GET', '/sockets/a', 404, json, unknown],
  ['a field too many', 'POST', '/send', 200, json, { ...sent, extra: 1 }],
  ['a field too few', 'POST', '/send', 200, json, { ...sent, gone: undefined }],
  ['a join’s problem where one leaves', 'DELETE', '/groups/g/sockets/a', 409, problem, tooMany],
  ['a join’s problem where one sends', 'POST', '/send', 409, problem, tooMany],
  ['a key’s problem where there is no key', 'POST', '/urls', 409, problem, inUse],
  ['a user without a name', 'GET', '/groups/g/users', 200, json, { users: [{ user: '', sockets: 1 }] }],
  ['a user without a socket', 'GET', '/groups/g/users', 200, json, { users: [{ user: 'a', sockets: 0 }] }],
  ['an unknown failure', 'POST', '/send', 200, json, { ...sent, failed: [{ socket: 'a', code: 'tired' }] }],
  ['a body where there is none', 'DELETE', '/sockets/a', 204, json, {}],
  ['no body where there is one', 'GET', '/health', 200, '', {}],
  ['a code of another call', 'GET', '/sockets/a', 404, problem, nothing],
  [
    'a status in the body that is not the answer’s',
    'GET',
    '/sockets/a',
    404,
    problem,
    { ...unknown, status: 400 },
  ],
  ['a problem with a field of its own', 'PUT', '/send', 405, problem, { ...other, allow: 'POST' }],
  ['no path where there is one', 'PUT', '/send', 404, problem, nothing],
  ['another method where there is no path', 'PUT', '/nowhere', 405, problem, other],
  ['a document where there is no call', 'GET', '/nowhere', 200, json, {}],
])('an answer with %s does not conform', ([, method, path, status, type, document]) => {
  expect(() => conforms(method, path, status, type, document)).toThrow(
    `${method} ${path} answered ${status}`,
  );
});

test('a hook conforms as it came, and not if anything in it is otherwise', async () => {
  const world = await startLocal();
  const client = await connect(`${world.url}/foo?x=1`);
  client.send('m');
  const hook = await world.app.hook('/foo', 'message');
  await client.close();
  await world.stop();
  expect(() => hookConforms(hook)).not.toThrow();
  const { fields, headers } = hook;
  const wrong: Partial<ReceivedHook>[] = [
    { url: '/websocket/opened/foo?x=1' },
    { url: '/websocket/closed/foo?x=1' },
    { url: '/websocket/message/foo' },
    { fields: { ...fields, extra: '' } },
    { fields: { ...fields, time: '1' } },
    { fields: { ...fields, code: '1000' } },
    { fields: { ...fields, groups: '' } },
    { fields: { event: 'message' } },
    { headers: { ...headers, 'content-type': 'text/plain' } },
    { headers: { ...headers, 'webhook-id': 'closed_x' } },
    { headers: { ...headers, 'webhook-signature': 'v1,x' } },
    { headers: { ...headers, 'websocket-origin': undefined } },
  ];
  for (const change of wrong) {
    const check = () => hookConforms({ ...hook, ...change });
    expect(check, JSON.stringify(change)).toThrow('asyncapi.json does not describe');
  }
});

const named = { 'X-Request-Id': 'req_1' };

test.for<[string, string, number, Record<string, string>]>([
  ['POST', '/send', 200, named],
  ['POST', '/send', 200, { ...named, 'Idempotency-Replayed': 'true' }],
  ['POST', '/broadcast', 202, { ...named, Location: '/broadcasts/x' }],
  ['POST', '/broadcast', 409, { ...named, 'Retry-After': '5' }],
  ['POST', '/send', 401, { ...named, 'WWW-Authenticate': 'Bearer realm="sockethook"' }],
  ['PUT', '/send', 405, { ...named, Allow: 'POST' }],
])('%s %s may answer %i with the headers %j', ([method, path, status, headers]) => {
  expect(() => headersConform(method, path, status, new Headers(headers))).not.toThrow();
});

test.for<[string, string, number, Record<string, string>, string]>([
  ['POST', '/send', 200, {}, 'X-Request-Id: null'],
  ['POST', '/send', 200, { 'X-Request-Id': 'a b' }, 'X-Request-Id: a b'],
  ['POST', '/send', 200, { ...named, 'Idempotency-Replayed': 'yes' }, 'Idempotency-Replayed: yes'],
  ['POST', '/urls', 200, { ...named, 'Idempotency-Replayed': 'true' }, 'Idempotency-Replayed: true'],
  ['POST', '/send', 422, { ...named, 'Idempotency-Replayed': 'true' }, 'Idempotency-Replayed: true'],
  ['POST', '/broadcast', 202, named, 'Location: null'],
  ['POST', '/broadcast', 409, named, 'Retry-After: null'],
  ['POST', '/broadcast', 409, { ...named, 'Retry-After': '0' }, 'Retry-After: 0'],
  ['POST', '/broadcast', 409, { ...named, 'Retry-After': 'soon' }, 'Retry-After: soon'],
  ['PUT', '/send', 405, named, 'Allow: null'],
])('%s %s does not answer %i with the headers %j', ([method, path, status, headers, why]) => {
  expect(() => headersConform(method, path, status, new Headers(headers))).toThrow(why);
});
