import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConnectionPool } from '../../functions/http/connection-pool.ts';
import { DeadlineQueue } from '../../functions/http/deadline-queue.ts';
import { Exchange, type Failure, type HttpRequest } from '../../functions/http/exchange.ts';
import { CommonFields } from '../../functions/http/fields.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { RawServer } from '../contract/ports/raw-server.ts';
import { dialing } from '../support/on-bun.ts';

let server: RawServer;
let origin: string;
let pool: ConnectionPool;
beforeEach(async () => {
  server = new RawServer((connection) => connection.write('HTTP/1.1 204 No\r\n\r\n'));
  origin = await server.listen();
  pool = new ConnectionPool(new URL(origin), systemClock, dialing);
});
afterEach(async () => {
  pool.stop();
  await server.stop();
});

const deadlines = new DeadlineQueue(5_000);

/** Sends a request, and gives its status, or why there is none. */
function send(given: Partial<HttpRequest>): Promise<number | Failure> {
  const request: HttpRequest = {
    ...{ method: 'POST', target: '/', headers: {}, body: '', repeats: 'unsent' },
    ...given,
  };
  return new Promise((resolve) => {
    const reader = {
      head: ({ status }: { readonly status: number }) => status,
      body: () => undefined,
      end: () => 0,
      fail: (failure: Failure) => failure,
    };
    pool.send(new Exchange<number | Failure>(request, reader, deadlines, resolve));
  });
}

/** A request as it has to stand on the wire. */
function wireOf({ method = 'POST', target = '/', body = '' }: Partial<HttpRequest>, lines = ''): string {
  const first = `${method} ${target} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\nconnection: keep-alive\r\n`;
  return `${first}${lines}content-length: ${body.length}\r\n\r\n${body}`;
}

test('a request is on the wire as it is, whichever came before it', async () => {
  const common = [undefined, new CommonFields({ 'x-one': '1' }), new CommonFields({ 'x-two': '2' })];
  const requests = (['POST', 'GET'] as const).flatMap((method) =>
    ['/a', '/b', '/a?x=1'].flatMap((target) => common.map((fields) => ({ method, target, fields }))),
  );
  const right: string[] = [];
  for (const [at, before] of requests.entries()) {
    for (const [own, after] of requests.entries()) {
      for (const request of [before, after]) {
        expect(await send({ ...request, headers: { 'x-own': `${own}` }, body: `${at}` })).toBe(204);
        const lines = `${request.fields?.lines ?? ''}x-own: ${own}\r\n`;
        right.push(wireOf({ ...request, body: `${at}` }, lines));
      }
    }
  }
  expect(server.requests).toEqual(right);
});

test('a target that is not valid is refused each time, and changes nothing for the next request', async () => {
  const invalid = { kind: 'unreachable', why: 'ERR_INVALID_URL' };
  for (const target of ['', 'a', '/a b', '/a#b', '/a\r\nx: y', '/é', '*']) {
    expect(await send({ target: '/a' })).toBe(204);
    for (const method of ['POST', 'POST', 'GET', 'GET'] as const)
      expect([target, await send({ method, target })]).toEqual([target, invalid]);
    expect(await send({ target: '/a' })).toBe(204);
  }
  expect(new Set(server.requests)).toEqual(new Set([wireOf({ target: '/a' })]));
  expect(server.requests).toHaveLength(14);
});

test('a target that is not valid is refused by a pool that has sent nothing yet', async () => {
  expect(await send({ target: '' })).toEqual({ kind: 'unreachable', why: 'ERR_INVALID_URL' });
  expect(server.requests).toEqual([]);
});
