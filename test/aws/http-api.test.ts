import { afterEach, describe, expect, test } from 'vitest';
import type { HttpEvent } from '../../functions/aws/events.ts';
import { startHttpApi } from './http-api.ts';

let stop = async (): Promise<void> => {};
afterEach(() => stop());

/** What reaches which function of a request. */
async function routed(method: string, path: string): Promise<{ handler: string; event: HttpEvent }> {
  const seen: { handler: string; event: HttpEvent }[] = [];
  const handlerOf = (handler: string) => async (event: unknown) => {
    seen.push({ handler, event: event as HttpEvent });
    return { statusCode: 204, headers: {}, body: '' };
  };
  const names = ['send', 'broadcast', 'urls', 'sockets', 'groups', 'health'] as const;
  const api = await startHttpApi(Object.fromEntries(names.map((name) => [name, handlerOf(name)])));
  stop = api.stop;
  await fetch(`${api.url}${path}`, { method });
  const [first] = seen;
  if (first === undefined) throw new Error('No function was called.');
  return first;
}

describe('the HTTP API of the stand-in', () => {
  test('hands each parameter of a path on, decoded', async () => {
    const { handler, event } = await routed('PUT', '/groups/room%3A1%20%2541/sockets/abc%3D');
    expect(handler).toBe('groups');
    expect(event.routeKey).toBe('PUT /groups/{group}/sockets/{socket}');
    expect(event.pathParameters).toEqual({ group: 'room:1 %41', socket: 'abc=' });
  });

  test('takes an escaped slash for one, so that no route matches', async () => {
    const { handler, event } = await routed('PUT', '/groups/a%2Fb/sockets/abc');
    expect(handler).toBe('health');
    expect(event.routeKey).toBe('$default');
    expect(event.rawPath).toBe('/groups/a/b/sockets/abc');
  });

  test('cuts a path at an escaped question mark', async () => {
    const { event } = await routed('GET', '/groups/a%3Fb?limit=1');
    expect(event.routeKey).toBe('GET /groups/{group}');
    expect(event.pathParameters).toEqual({ group: 'a' });
    expect(event.rawQueryString).toBe('limit=1');
  });

  test('leaves the query as it was written', async () => {
    const { event } = await routed('DELETE', '/groups/-/sockets/abc%3D?group=a%2Fb%3F?c');
    expect(event.routeKey).toBe('DELETE /groups/{group}/sockets/{socket}');
    expect(event.rawQueryString).toBe('group=a%2Fb%3F?c');
  });

  test('has no route for a method that a path does not take', async () => {
    const { handler, event } = await routed('PUT', '/groups/a');
    expect(handler).toBe('health');
    expect(event.routeKey).toBe('$default');
  });

  test('has a route for HEAD where there is one for GET', async () => {
    const { event } = await routed('HEAD', '/groups/a/users');
    expect(event.routeKey).toBe('HEAD /groups/{group}/users');
  });
});
