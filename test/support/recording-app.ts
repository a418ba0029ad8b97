import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hookConforms, type ReceivedHook } from './conform-hook.ts';

/** The answer of an app: a status, or a status with headers and a body. `hang` leaves the request open. */
export type Answer =
  | number
  | 'hang'
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Handles a hook in a test's app. */
export type Handler = (hook: ReceivedHook, response: ServerResponse) => Answer | Promise<Answer>;

/** An answer that carries actions. */
export function actions(document: unknown): Answer {
  const headers = { 'Content-Type': 'application/vnd.sockethook+json' };
  return { status: 200, headers, body: JSON.stringify(document) };
}

interface Waiter {
  readonly isMet: (hook: ReceivedHook) => boolean;
  readonly resolve: (hook: ReceivedHook) => void;
}

/** A real app: an HTTP server that records every hook and answers by the client's path. Its base is `/websocket`. */
export class RecordingApp {
  readonly hooks: ReceivedHook[] = [];
  readonly #server: Server;
  readonly #handlers = new Map<string, Handler>();
  readonly #front: string | undefined;
  #waiters: Waiter[] = [];

  /** `front` is the base URL of a server in front of this app, if the gateway can't reach the app itself. */
  constructor(front?: string) {
    this.#front = front;
    this.#server = createServer(
      { maxHeaderSize: 65_536 },
      (request, response) => void this.#receive(request, response),
    );
    this.#server.keepAliveTimeout = 60_000;
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this.baseUrl;
  }

  /** The base URL to which the gateway posts hooks. */
  get baseUrl(): string {
    return this.#front ?? `${this.address}/websocket`;
  }

  /** The URL where the app listens. */
  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sets the handler for the hooks of one client path. Without a handler the app answers 204. */
  on(path: string, handler: Handler): void {
    this.#handlers.set(path, handler);
  }

  /** The hooks of a path so far, or only those of one event. */
  of(path: string, event?: string): ReceivedHook[] {
    return this.hooks.filter(
      ({ fields }) => fields['path'] === path && (event === undefined || fields['event'] === event),
    );
  }

  /** The first hook of a path and event that matches: one that has arrived, or else the next. */
  async hook(
    path: string,
    event: string,
    isIt: (hook: ReceivedHook) => boolean = () => true,
  ): Promise<ReceivedHook> {
    const isMet = (hook: ReceivedHook): boolean =>
      hook.fields['path'] === path && hook.fields['event'] === event && isIt(hook);
    const known = this.hooks.find(isMet);
    return known ?? new Promise((resolve) => this.#waiters.push({ isMet, resolve }));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hook = await read(request);
    queueMicrotask(() => hookConforms(hook)); // If it throws, the test run fails, but the hook is still answered.
    this.hooks.push(hook);
    const met = this.#waiters.filter(({ isMet }) => isMet(hook));
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve(hook);
    const handler = this.#handlers.get(hook.fields['path'] ?? '') ?? (() => 204);
    const answer = await handler(hook, response);
    if (answer === 'hang' || response.writableEnded || response.destroyed) return;
    const {
      status = 200,
      headers = {},
      body = '',
    } = typeof answer === 'number' ? { status: answer } : answer;
    response.writeHead(status, headers).end(status === 204 ? undefined : body);
  }
}

async function read(request: IncomingMessage): Promise<ReceivedHook> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const raw = Buffer.concat(chunks).toString();
  const isJson = request.headers['content-type'] === 'application/json';
  const fields: Record<string, string> = isJson
    ? JSON.parse(raw)
    : Object.fromEntries(new URLSearchParams(raw));
  const { method = '', url = '', headers, rawHeaders } = request;
  return { method, url, headers, rawHeaders, raw, fields };
}
