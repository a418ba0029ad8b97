import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { LocalGateway } from '../../functions/local/gateway.ts';
import type { HookDetail } from '../../functions/local/inspector/hook-detail.ts';
import type { ShownHook } from '../../functions/local/inspector/hook-log.ts';
import type { EndedSocket, ShownSocket } from '../../functions/local/inspector/shown-sockets.ts';
import { eventually } from './eventually.ts';

/** An answer to the page, as it came. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the page asks for. A header that is undefined is left out. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** The page of an inspector, as a browser would use it. */
export class InspectorPage {
  readonly port: number;
  readonly token: string;
  cookie = '';
  readonly #streams: ClientRequest[] = [];

  constructor({ port, inspectorUrl = '' }: LocalGateway) {
    this.port = port;
    this.token = new URL(inspectorUrl).searchParams.get('token') ?? '';
  }

  /** The page after its token was exchanged for a cookie. */
  static async open(gateway: LocalGateway): Promise<InspectorPage> {
    const page = new InspectorPage(gateway);
    const { headers } = await page.ask(`/inspector?token=${page.token}`);
    page.cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    return page;
  }

  /** Asks by a path. The page's own cookie and Host go along, and its Origin with a POST. */
  async ask(path: string, asked: Asked = {}): Promise<PageAnswer> {
    const response = await this.#send(path, asked);
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  }

  /** Asks for JSON. */
  async json<Document>(path: string, asked: Asked = {}): Promise<Document> {
    const { status, body } = await this.ask(path, asked);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
    return JSON.parse(body);
  }

  /** Posts a document as JSON. */
  post<Document>(path: string, document: unknown = {}): Promise<Document> {
    const headers = { 'Content-Type': 'application/json' };
    return this.json(path, { method: 'POST', headers, body: JSON.stringify(document) });
  }

  hook(number: number): Promise<HookDetail> {
    return this.json(`/inspector/hooks/${number}`);
  }

  /** Begins a stream of events. */
  async events(): Promise<PageEvents> {
    const response = await this.#send('/inspector/events', {});
    const events = new PageEvents(response);
    await eventually('the first snapshot', () => events.snapshots > 0);
    return events;
  }

  /** Begins a stream of events that nobody reads. */
  async unreadEvents(): Promise<IncomingMessage> {
    return (await this.#send('/inspector/events', {})).pause();
  }

  close(): void {
    for (const stream of this.#streams.splice(0)) stream.destroy();
  }

  #send(path: string, { method = 'GET', headers = {}, body }: Asked): Promise<IncomingMessage> {
    const host = `localhost:${this.port}`;
    const origin = method === 'POST' ? `http://${host}` : undefined;
    const all = { Host: host, Cookie: this.cookie || undefined, Origin: origin, ...headers };
    const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
    return new Promise((resolve, reject) => {
      const place = { host: '127.0.0.1', port: this.port, path, method, agent: false };
      const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
      const sent = request({ ...place, headers: [...given, ...length] }, resolve);
      this.#streams.push(sent);
      sent.on('error', reject).end(body);
    });
  }
}

interface Changes {
  readonly sockets: readonly ShownSocket[];
  readonly ended: readonly EndedSocket[];
  readonly moreSockets: number;
  readonly hooks: readonly ShownHook[];
  readonly dropped: readonly number[];
  readonly skipped: number;
}

/** What a page knows by its stream of events. */
export class PageEvents {
  /** How many snapshots and changes have come. */
  snapshots = 0;
  changes = 0;
  skipped = 0;
  moreSockets = 0;
  readonly sockets = new Map<string, ShownSocket>();
  readonly hooks = new Map<number, ShownHook>();
  readonly ended: EndedSocket[] = [];
  isOver = false;
  /** What the last snapshot told of the gateway, and of how much is kept. */
  facts: { readonly gateway: unknown; readonly kept: unknown } | undefined;
  #text = '';

  constructor(response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (text: string) => {
      const parts = `${this.#text}${text}`.split('\n\n');
      this.#text = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
    });
    response.on('error', () => {});
    response.on('close', () => {
      this.isOver = true;
    });
  }

  /** The first hook that matches, once there is one. */
  async hook(what: string, isIt: (hook: ShownHook) => boolean): Promise<ShownHook> {
    let found: ShownHook | undefined;
    await eventually(what, () => {
      found = [...this.hooks.values()].find(isIt);
      return found !== undefined;
    });
    if (found === undefined) throw new Error(what);
    return found;
  }

  #take(text: string): void {
    const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
    if (event === 'snapshot') {
      this.snapshots += 1;
      this.hooks.clear();
      this.sockets.clear();
      const { gateway, kept, ...rest } = JSON.parse(data);
      this.facts = { gateway, kept };
      this.#apply({ ...rest, ended: [], dropped: [] });
    }
    if (event === 'changes') {
      this.changes += 1;
      this.#apply(JSON.parse(data));
    }
  }

  #apply({ sockets, ended, moreSockets, hooks, dropped, skipped }: Changes): void {
    for (const socket of sockets) this.sockets.set(socket.socket, socket);
    for (const { socket } of ended) this.sockets.delete(socket);
    for (const hook of hooks) this.hooks.set(hook.number, hook);
    for (const number of dropped) this.hooks.delete(number);
    this.ended.push(...ended);
    Object.assign(this, { moreSockets, skipped });
  }
}
