import { createServer, type ServerResponse } from 'node:http';
import { connect, createServer as createFront, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RequestTimes } from '../../functions/bun/request-times.ts';
import { portOf } from '../contract/ports/port-of.ts';

/** A server for connections that another has accepted, on the clock of the test, and a client of it. */
class Exchange {
  now = 0;
  received = '';
  /** Of the requests that were read, and wait for their answers. */
  readonly responses: ServerResponse[] = [];
  readonly #times: RequestTimes;
  readonly #front = createFront((connection) => this.#accept(connection));
  readonly #http = createServer((request, response) => {
    if (request.method === 'GET') this.responses.push(response);
    else request.resume().on('end', () => this.responses.push(response));
  });
  #client: Socket | undefined;
  #connection: Socket | undefined;
  #isClosed = false;

  constructor() {
    this.#times = new RequestTimes(this.#http, () => this.now);
    // Only the times under test are to count.
    this.#http.keepAliveTimeout = 0;
    this.#http.on('upgrade', (_, connection: Socket) => connection.write('HTTP/1.1 101 Switching\r\n\r\n'));
    this.#http.on('clientError', (error, connection) =>
      connection.end('code' in error ? String(error.code) : ''),
    );
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#front.listen(0, '127.0.0.1', resolve));
    this.#client = connect(portOf(this.#front), '127.0.0.1');
    this.#client
      .on('error', () => {})
      .on('data', (bytes) => {
        this.received += String(bytes);
      });
    this.#client.on('close', () => {
      this.#isClosed = true;
    });
    await expect.poll(() => this.#connection).toBeDefined();
  }

  /** Resolves once the server has read them. */
  async send(text: string): Promise<void> {
    const before = this.#connection?.bytesRead ?? 0;
    this.#client?.write(text);
    await expect.poll(() => this.#connection?.bytesRead).toBe(before + text.length);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Whether the server lets the connection live at this time, from the beginning in milliseconds. */
  livesAt(time: number): boolean {
    this.now = time;
    this.#times.check();
    return this.#connection?.writable === true;
  }

  /** Ends it at this time; resolves once the client knows. */
  async endsAt(time: number): Promise<void> {
    expect(this.livesAt(time - 1), `it lives 1 ms before ${time}`).toBe(true);
    expect(this.livesAt(time), `it lives at ${time}`).toBe(false);
    await expect.poll(() => this.#isClosed).toBe(true);
  }

  close(): void {
    this.#client?.destroy();
    this.#front.close();
    this.#http.close();
  }

  #accept(connection: Socket): void {
    this.#connection = connection;
    this.#http.emit('connection', connection);
    this.#times.watch(connection);
  }
}

const head = 'POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n';
let exchange: Exchange;
beforeEach(async () => {
  exchange = new Exchange();
  await exchange.open();
});
afterEach(() => exchange.close());

test('a head that does not end within a minute is refused, however often a byte of it comes', async () => {
  await exchange.send('POST /send HTTP/1.1\r\nH');
  expect(exchange.livesAt(40_000)).toBe(true);
  await exchange.send('os');
  await exchange.endsAt(60_000);
  expect(exchange.received).toBe('ERR_HTTP_REQUEST_TIMEOUT');
});

test('a body that does not end within five minutes is refused', async () => {
  await exchange.send(`${head}h`);
  await exchange.endsAt(300_000);
  expect(exchange.received).toBe('ERR_HTTP_REQUEST_TIMEOUT');
});

test('an answer may take its time, and then a connection that is silent is closed without a word', async () => {
  await exchange.send(`${head}hi`);
  await expect.poll(() => exchange.responses.length).toBe(1);
  expect(exchange.livesAt(10_000_000)).toBe(true);
  exchange.responses[0]?.end('done');
  await expect.poll(() => exchange.received).toContain('done');
  await exchange.endsAt(10_005_000);
  expect(exchange.received).toMatch(/done/);
  expect(exchange.received).not.toContain('ERR_');
});

test('the next request has a minute for its head again', async () => {
  await exchange.send(`${head}hi`);
  await expect.poll(() => exchange.responses.length).toBe(1);
  exchange.responses[0]?.end('done');
  await expect.poll(() => exchange.received).toContain('done');
  expect(exchange.livesAt(4_000)).toBe(true);
  await exchange.send('GET');
  await exchange.endsAt(64_000);
  expect(exchange.received).toContain('ERR_HTTP_REQUEST_TIMEOUT');
});

test('a request that waits behind one that is answered is not cut', async () => {
  await exchange.send(`${head}hi${head}yo`);
  await expect.poll(() => exchange.responses.length).toBe(2);
  exchange.responses[0]?.end('one');
  await expect.poll(() => exchange.received).toContain('one');
  expect(exchange.livesAt(10_000_000)).toBe(true);
  exchange.responses[1]?.end('two');
  await expect.poll(() => exchange.received).toContain('two');
  await exchange.endsAt(10_005_000);
});

test('a request without a body is answered as long as that takes, though nobody reads it to its end', async () => {
  await exchange.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await expect.poll(() => exchange.responses.length).toBe(1);
  exchange.responses[0]?.write('one');
  expect(exchange.livesAt(10_000_000)).toBe(true);
});

const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

test('a connection that served a request and is a WebSocket now has no such limits', async () => {
  await exchange.send(`${head}hi`);
  await expect.poll(() => exchange.responses.length).toBe(1);
  exchange.responses[0]?.end('done');
  await expect.poll(() => exchange.received).toContain('done');
  await exchange.send(upgrade);
  await expect.poll(() => exchange.received).toContain('101');
  expect(exchange.livesAt(10_000_000)).toBe(true);
});

test('nor has one whose upgrade came right behind the request', async () => {
  await exchange.send(`${head}hi${upgrade}`);
  await expect.poll(() => exchange.received).toContain('101');
  await expect.poll(() => exchange.responses.length).toBe(1);
  exchange.responses[0]?.end('done');
  await expect.poll(() => exchange.received).toContain('done');
  expect(exchange.livesAt(10_000_000)).toBe(true);
});
