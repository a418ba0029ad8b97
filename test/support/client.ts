import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';

/** How a socket ended, as seen by its client. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A real WebSocket that queues its messages, so that tests wait for them and never sleep. */
export class Client {
  readonly ws: WebSocket;
  readonly closed: Promise<Closed>;
  readonly #messages: string[] = [];
  readonly #waiters: ((message: string) => void)[] = [];

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data) => {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) this.#messages.push(String(data));
      else waiter(String(data));
    });
    ws.on('error', () => {});
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  send(text: string | Buffer): void {
    this.ws.send(text);
  }

  /** The next message, in the order of arrival. */
  next(): Promise<string> {
    const message = this.#messages.shift();
    return message === undefined
      ? new Promise((resolve) => this.#waiters.push(resolve))
      : Promise.resolve(message);
  }

  /** The next `count` messages. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Messages that arrived and were not taken. */
  get left(): readonly string[] {
    return this.#messages;
  }

  async close(code = 1000, reason = ''): Promise<Closed> {
    this.ws.close(code, reason);
    return this.closed;
  }
}

/** A handshake that was refused: the real HTTP answer. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Opens a WebSocket. Rejects with an error that names the status if it is refused. */
export async function connect(
  url: string,
  options: ClientOptions & { protocols?: string[] } = {},
): Promise<Client> {
  const outcome = await tryConnect(url, options);
  if (outcome instanceof Client) return outcome;
  throw new Error(`refused with ${outcome.status}: ${outcome.body}`);
}

/** Opens a WebSocket. Resolves to the client or to the refusal. */
export function tryConnect(
  url: string,
  { protocols = [], ...options }: ClientOptions & { protocols?: string[] } = {},
): Promise<Client | Refusal> {
  const ws = new WebSocket(url, protocols, options);
  const client = new Client(ws);
  return new Promise((resolve, reject) => {
    ws.once('open', () => resolve(client));
    ws.once('error', reject);
    ws.once('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += String(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
  });
}

/** Begins to open a WebSocket. Returns what drops its connection. */
export function beginToConnect(url: string): () => void {
  const ws = new WebSocket(url);
  ws.on('error', () => {});
  return () => ws.terminate();
}

/** Opens a WebSocket that must be refused. */
export async function refused(
  url: string,
  options: ClientOptions & { protocols?: string[] } = {},
): Promise<Refusal> {
  const outcome = await tryConnect(url, options);
  if (!(outcome instanceof Client)) return outcome;
  outcome.ws.terminate();
  throw new Error('The client was let in.');
}
