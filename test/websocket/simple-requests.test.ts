import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createBunServer } from '../../functions/bun/bun-server.ts';
import type { ListeningServer } from '../../functions/websocket/listening-server.ts';
import { createNodeServer } from '../../functions/websocket/node-server.ts';
import { maxSimpleBytes } from '../../functions/websocket/simple-request.ts';
import {
  type OtherServer,
  SimpleRequests,
  type SimpleServer,
} from '../../functions/websocket/simple-requests.ts';
import type { Arrival } from '../../functions/websocket/transport.ts';
import { MemoryTransport } from '../fakes/memory-transport.ts';
import { isOnBun } from '../support/on-bun.ts';
import { pieces } from './client-frames.ts';

const headBytes = 1_000;

/** A connection that nobody reads from but us. */
class MemoryArrival extends MemoryTransport implements Arrival {
  release(): Duplex {
    throw new Error('The other server of this test takes transports.');
  }
}

/** What the other server got. */
class RecordingServer implements OtherServer {
  readonly served: string[] = [];
  refused = 0;

  serve(_: Arrival, read: Buffer): void {
    this.served.push(read.toString('latin1'));
  }

  refuse(): void {
    this.refused += 1;
  }
}

/** Answers each request with its body, once it may. */
class GatedServer implements SimpleServer {
  readonly seen: string[] = [];
  isOpen = true;
  size = 0;
  #waiting: (() => void)[] = [];

  serves(target: string): boolean {
    return target === '/send';
  }

  async answer({ body }: { readonly body: Buffer }): Promise<Uint8Array> {
    this.seen.push(String(body));
    if (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return Buffer.from(`<${body}>`.padEnd(this.size, '.'));
  }

  open(): void {
    this.isOpen = true;
    for (const go of this.#waiting.splice(0)) go();
  }
}

const call = (body: string): string =>
  `POST /send HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Connections of a server whose time is in our hands. */
function world() {
  const server = new GatedServer();
  const other = new RecordingServer();
  const clock = { now: 0 };
  const requests = new SimpleRequests(server, headBytes, other, () => clock.now);
  const take = (first: string): MemoryArrival => {
    const transport = new MemoryArrival();
    const read = Buffer.from(first, 'latin1');
    requests.take(transport, read);
    read.fill(0xee);
    return transport;
  };
  const pass = (ms: number): void => {
    clock.now += ms;
    requests.tidy();
  };
  return { server, other, requests, take, pass };
}

const arrive = (transport: MemoryTransport, bytes: string): void =>
  transport.arrive(Buffer.from(bytes, 'latin1'));

test('1,000 clients that say no more are let go of after 5 seconds, and nothing is left of them', async () => {
  const { requests, take, pass } = world();
  const clients = Array.from({ length: 1_000 }, (_, at) => take(call(`${at}`)));
  await turn();
  expect(clients.map((client) => String(client.sent()))).toEqual(clients.map((_, at) => `<${at}>`));
  expect(requests.size).toBe(1_000);
  pass(4_999);
  expect(clients.filter(({ isDestroyed }) => isDestroyed)).toEqual([]);
  pass(1);
  expect(clients.filter(({ isDestroyed }) => !isDestroyed)).toEqual([]);
  expect(requests.size).toBe(0);
});

test('a client that goes on in time stays', async () => {
  const { take, pass } = world();
  const client = take(call('a'));
  for (let at = 0; at < 10; at++) {
    await turn();
    pass(4_000);
    arrive(client, call(`${at}`));
  }
  await turn();
  expect(client.isDestroyed).toBe(false);
  expect(String(client.sent())).toBe('<a><0><1><2><3><4><5><6><7><8><9>');
});

test('a request that is not whole within a second goes on elsewhere, with all its bytes', () => {
  const { requests, other, take, pass } = world();
  const client = take(call('body').slice(0, -2));
  pass(999);
  expect(other.served).toEqual([]);
  pass(1);
  expect(other.served).toEqual([call('body').slice(0, -2)]);
  expect([client.isDestroyed, requests.size]).toEqual([false, 0]);
});

test('a request in 4 pieces is answered here, and one in 5 elsewhere', async () => {
  for (const count of [4, 5]) {
    const { server, other, take } = world();
    const bytes = Buffer.from(call('x'.repeat(50)));
    const [first = Buffer.alloc(0), ...rest] = pieces(bytes, Math.ceil(bytes.length / count));
    const client = take(String(first));
    for (const piece of rest) client.arrive(piece);
    await turn();
    expect(rest).toHaveLength(count - 1);
    expect(server.seen).toHaveLength(count === 4 ? 1 : 0);
    expect(other.served).toEqual(count === 4 ? [] : [String(bytes)]);
  }
});

test('a head as long as it may be is read here, and a longer one elsewhere, whole or not', async () => {
  for (const [extra, isOurs] of [
    [0, true],
    [1, false],
  ] as const) {
    const { server, other, take } = world();
    const start = 'POST /send HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nX: ';
    const head = start.padEnd(headBytes + extra, 'x');
    take(`${head}\r\n\r\nb`);
    await turn();
    expect([server.seen.length, other.served.length]).toEqual(isOurs ? [1, 0] : [0, 1]);
    const begun = world();
    begun.take(head);
    expect(begun.other.served).toHaveLength(isOurs ? 0 : 1);
  }
});

test('a head with a bare LF goes elsewhere at once, not once its time is over', () => {
  const { other, take } = world();
  const request = call('a').replaceAll('\r\n', '\n');
  take(request);
  expect(other.served).toEqual([request]);
});

test('a request of 65,536 bytes is answered here, and a longer one elsewhere as soon as it says so', async () => {
  const head = call('x'.repeat(65_000)).length - 65_000;
  for (const extra of [0, 1]) {
    const { server, other, take } = world();
    const request = call('x'.repeat(maxSimpleBytes - head + extra));
    const client = take(request.slice(0, 100));
    expect(other.served).toEqual(extra === 0 ? [] : [request.slice(0, 100)]);
    if (extra > 0) continue;
    arrive(client, request.slice(100));
    await turn();
    expect(server.seen).toHaveLength(1);
  }
});

test('what comes while an answer is owed is kept up to a bound, and then answered in order', async () => {
  const { server, requests, take } = world();
  server.isOpen = false;
  const client = take(call('first'));
  let sent = 0;
  const part = call('x'.repeat(1_000));
  while (!client.isPaused) {
    arrive(client, part);
    sent += 1;
  }
  expect(sent * part.length).toBeGreaterThanOrEqual(65_536);
  expect(sent * part.length).toBeLessThan(65_536 + part.length);
  expect(server.seen).toEqual(['first']);
  server.open();
  await turn();
  expect(client.isPaused).toBe(false);
  expect(server.seen).toHaveLength(sent + 1);
  expect(String(client.sent())).toBe(`<first>${`<${'x'.repeat(1_000)}>`.repeat(sent)}`);
  expect(requests.size).toBe(1);
});

test('who sends on and on while each answer is late is held back, however often it goes on', async () => {
  const { server, take } = world();
  server.isOpen = false;
  const client = take(call('first'));
  const part = call('x').repeat(1_200);
  let parts = 0;
  for (let round = 0; round < 100; round++) {
    if (!client.isPaused) {
      arrive(client, part);
      parts += 1;
    }
    server.open();
    server.isOpen = false;
    await turn();
  }
  expect(server.seen.length).toBeGreaterThan(90);
  expect(parts * part.length).toBeLessThan(3 * 65_536);
});

test('others get their turn after 64 requests of one client', async () => {
  const { server, take } = world();
  take(call('x').repeat(200));
  for (let rounds = 0; rounds < 5_000; rounds++) await Promise.resolve();
  const first = server.seen.length;
  while (server.seen.length < 200) await turn();
  expect(first).toBe(64);
});

test('who reads no answer is answered no more once 65,536 bytes wait, and closed after two minutes', async () => {
  for (const unsent of [65_536, 65_537]) {
    const { server, requests, take, pass } = world();
    server.isOpen = false;
    const client = take(call('a') + call('b'));
    client.unsent = unsent;
    server.open();
    await turn();
    expect(server.seen).toEqual(unsent === 65_536 ? ['a', 'b'] : ['a']);
    if (unsent === 65_536) continue;
    pass(119_999);
    expect(client.isDestroyed).toBe(false);
    pass(1);
    expect([client.isDestroyed, requests.size]).toEqual([true, 0]);
    client.drain();
    await turn();
    expect(server.seen).toEqual(['a']);
  }
});

test('who reads its answers late gets those behind them', async () => {
  const { server, take } = world();
  server.isOpen = false;
  const client = take(call('a') + call('b'));
  client.unsent = 100_000;
  server.open();
  await turn();
  client.drain();
  await turn();
  expect(String(client.sent())).toBe('<a><b>');
});

test('an idle client that has not read its last answer is closed once that has left', async () => {
  const { requests, take, pass } = world();
  const client = take(call('a'));
  client.unsent = 10;
  await turn();
  pass(5_000);
  expect([client.isEnded, client.isDestroyed]).toEqual([true, false]);
  pass(1_000);
  expect(client.isDestroyed).toBe(false);
  client.unsent = 0;
  pass(1_000);
  expect([client.isDestroyed, requests.size]).toEqual([true, 0]);
});

test('an idle client that never reads its last answer is closed after two minutes', async () => {
  const { take, pass } = world();
  const client = take(call('a'));
  client.unsent = 10;
  await turn();
  pass(5_000);
  pass(119_999);
  expect(client.isDestroyed).toBe(false);
  pass(1);
  expect(client.isDestroyed).toBe(true);
});

test('who hangs up behind a request gets its answer, all of it, before the connection is closed', async () => {
  const { server, requests, take } = world();
  server.isOpen = false;
  const client = take(call('a'));
  client.fin();
  expect(client.isDestroyed).toBe(false);
  client.unsent = 10;
  server.open();
  await turn();
  expect(String(client.sent())).toBe('<a>');
  expect([client.isEnded, client.isDestroyed]).toEqual([true, false]);
  client.drain();
  expect([client.isDestroyed, requests.size]).toEqual([true, 0]);
});

test('who hangs up while answers wait for it gets those that are whole, and nothing is taken over', async () => {
  for (const [rest, refused] of [
    [get, 1],
    [call('b').slice(0, -1), 1],
    ['', 0],
  ] as const) {
    const { server, other, requests, take } = world();
    server.isOpen = false;
    const client = take(call('a') + call('b') + rest);
    client.fin();
    server.open();
    await turn();
    expect(String(client.sent())).toBe('<a><b>');
    expect([other.served, other.refused, requests.size]).toEqual([[], refused, 0]);
    expect(client.isDestroyed).toBe(refused === 0);
  }
});

test('who hangs up within a request is refused, and elsewhere is quietly let go of', async () => {
  const within = world();
  within.take(call('a').slice(0, -1)).fin();
  expect([within.other.refused, within.requests.size]).toEqual([1, 0]);
  const idle = world();
  const client = idle.take(call('a'));
  await turn();
  client.fin();
  expect([client.isDestroyed, idle.other.refused, idle.requests.size]).toEqual([true, 0, 0]);
});

test('a client that is gone before its answer costs nothing more', async () => {
  const { server, other, requests, take } = world();
  server.isOpen = false;
  const client = take(call('a') + call('b') + get);
  client.destroy();
  server.open();
  await turn();
  expect(server.seen).toEqual(['a']);
  expect([client.sent().length, other.served, requests.size]).toEqual([0, [], 0]);
});

test('a server that stops lets go of everybody, and does nothing of what they still want', async () => {
  const { server, other, requests, take } = world();
  const idle = take(call('a'));
  await turn();
  server.isOpen = false;
  const busy = take(call('b') + call('c') + get);
  const within = take('POST /se');
  requests.stop();
  server.open();
  await turn();
  for (const { isDestroyed } of [idle, busy, within]) expect(isDestroyed).toBe(true);
  expect(server.seen).toEqual(['a', 'b']);
  expect([requests.size, other.served]).toEqual([0, []]);
});

test('of many requests in one read each is copied once, not again with each before it', async () => {
  const { server, take } = world();
  const count = 50_000;
  const begun = process.cpuUsage();
  const client = take(call('x').repeat(count));
  while (server.seen.length < count) await turn();
  await turn();
  const { user, system } = process.cpuUsage(begun);
  expect(server.seen).toHaveLength(count);
  expect(client.sent()).toHaveLength(3 * count);
  // Copied each time, it would be 67 GB.
  expect((user + system) / 1_000).toBeLessThan(2_500);
});

let listening: ListeningServer | undefined;
afterEach(() => {
  listening?.close();
  listening?.closeAllConnections();
});

/** A server that listens, whose other requests are answered with `other`. */
async function listen(simple: SimpleServer): Promise<number> {
  listening = (isOnBun ? createBunServer : createNodeServer)({
    ...{ headBytes, cork() {}, upgrade() {}, simple },
    request: (_, response) => void response.end('other'),
    errorResponse: (error) => Buffer.from(`HTTP/1.1 400 ${error}\r\n\r\n`),
  });
  return listening.listen({ port: 0, host: '127.0.0.1', maxConnections: 100 });
}

/** A client, with all that it got. */
function client(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const seen = { text: '' };
  socket.on('data', (bytes) => {
    seen.text += String(bytes);
  });
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
  socket.on('end', () => socket.end());
  return { socket, seen, ended };
}

test.for<[string, string, RegExp]>([
  ['nothing', '', /^<a>$/],
  ['a request for another server', get, /^<a>HTTP\/1\.1 400 malformed\r\n\r\n$/],
  ['a part of a request', call('b').slice(0, -1), /^<a>HTTP\/1\.1 400 malformed\r\n\r\n$/],
])('who sends a FIN behind a slow request and %s gets its answers and a FIN', async ([, rest, expected]) => {
  const simple = new GatedServer();
  simple.isOpen = false;
  const { socket, seen, ended } = client(await listen(simple));
  socket.end(call('a') + rest);
  await expect.poll(() => simple.seen).toEqual(['a']);
  for (let round = 0; round < 20; round++) await turn();
  simple.open();
  await ended;
  expect(seen.text).toMatch(expected);
});

test('a request for another server behind a slow one is answered behind it', async () => {
  const simple = new GatedServer();
  simple.isOpen = false;
  const { socket, seen, ended } = client(await listen(simple));
  socket.write(call('a') + call('b') + get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await expect.poll(() => simple.seen).toEqual(['a']);
  simple.open();
  await ended;
  expect(seen.text).toMatch(/^<a><b>HTTP\/1\.1 200 OK\r\n.*\r\n\r\nother$/s);
});

test('who sends a flood of requests and reads nothing gets all answers once it reads', async () => {
  const simple = new GatedServer();
  simple.size = 20_000;
  const count = 2_000;
  const { socket, seen, ended } = client(await listen(simple));
  socket.pause();
  socket.write(call('x').repeat(count) + get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await expect.poll(() => simple.seen.length).toBeGreaterThan(0);
  let before = -1;
  // Until the buffers of both systems are full.
  await expect
    .poll(
      () => {
        const isStill = before === simple.seen.length;
        before = simple.seen.length;
        return isStill;
      },
      { interval: 200 },
    )
    .toBe(true);
  expect(simple.seen.length).toBeLessThan(count);
  socket.resume();
  await ended;
  expect(simple.seen).toHaveLength(count);
  expect(seen.text.indexOf('HTTP/1.1 200 OK')).toBe(count * simple.size);
});

test('a timer of idle clients keeps no process alive', () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const { requests, take } = world();
  take(call('a'));
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
  requests.stop();
});
