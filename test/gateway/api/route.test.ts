import { expect, test } from 'vitest';
import { noRoute } from '../../../functions/gateway/api/no-route.ts';
import { route } from '../../../functions/gateway/api/route.ts';
import { getSocket } from '../../../functions/gateway/api/sockets.ts';
import { type RouteKey, routes } from '../../../functions/wire/routes.ts';

test('every method of every path finds a call', () => {
  for (const [path, { methods }] of Object.entries(routes)) {
    for (const method of methods)
      expect(route(method, path), `${method} ${path}`).toMatchObject({ ok: true });
  }
});

test('HEAD finds the call of GET, with the decoded parameter', () => {
  const found = route('HEAD', '/sockets/a%3D');
  expect(found).toEqual({ ok: true, value: { call: getSocket, parameters: { socket: 'a=' } } });
});

test('a path that does not take the method says which methods it takes', () => {
  expect(noRoute('/sockets/a=')).toMatchObject({
    problem: { code: 'method_not_allowed', detail: '/sockets/:socket accepts GET, HEAD, DELETE.' },
    allow: 'GET, HEAD, DELETE',
  });
});

test('an unknown path is told all calls', () => {
  const { problem, allow } = noRoute('/nothing');
  expect(allow).toBeUndefined();
  expect(problem.detail).toBe(
    'The calls are /send, /broadcast, /broadcasts/:broadcast, /urls, /sockets, /sockets/:socket, /groups/:group, /groups/:group/sockets, /groups/:group/users, /groups/:group/sockets/:socket, /dead-letters, /dead-letters/replay, /dead-letters/:deadLetter, /dead-letters/:deadLetter/replay, /health, /openapi.json, /asyncapi.json.',
  );
});

test('the route keys of a function are those of its paths alone', () => {
  const keys: Record<RouteKey<'sockets'>, true> = {
    'GET /sockets': true,
    'GET /sockets/{socket}': true,
    'DELETE /sockets/{socket}': true,
  };
  expect(Object.keys(keys)).toHaveLength(3);
});
