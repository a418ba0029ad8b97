import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../gateway/gateway.ts';
import { readRequestTarget } from '../../websocket/request-target.ts';
import { cut } from '../../wire/path.ts';
import { endUnfinished } from '../api-server.ts';
import type { Parts } from '../compose.ts';
import { newId } from '../ids.ts';
import { RequestLog } from '../request-log.ts';
import { freshness, sendAgain } from './again.ts';
import { curlCommand } from './curl.ts';
import { EventStreams } from './event-streams.ts';
import { cookieOf, type Door, hasCookie, isToken, openPrintedUrl, refusalOf } from './guard.ts';
import { hookDetail } from './hook-detail.ts';
import type { KeptHook } from './hook-log.ts';
import type { GatewayFacts, Inspection } from './inspection.ts';
import { PageRequest, pageCalls } from './page-calls.ts';
import { readPageFiles } from './page-files.ts';
import { jsonReply, type Reply, textReply, writeHead, writeReply } from './reply.ts';
import { refillMs } from './shown-sockets.ts';
import { signedAgain } from './signed-again.ts';

/** How many hooks may be on their way that were sent again. */
const maxAgain = 8;

const hookPath = /^hooks\/([1-9]\d{0,14})(\/curl|\/again)?$/;

const noSuchCall = textReply(404, 'The inspector has no such page or call.');
const notKept = textReply(404, 'This hook is no longer kept.');
const wasCut = textReply(409, 'The body of this hook was too long to be kept whole, so it can only be read.');

/**
 * Leads on to the page. A redirect would not do: after a link on another site it still counts as a request of that site,
 * which browsers send no strict cookie with (RFC 6265bis, section 5.2).
 */
const entrance: Reply = {
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><meta http-equiv="refresh" content="0; url=/inspector">
<link rel="icon" type="image/svg+xml" href="/inspector/icon.svg"><title>Sockethook inspector</title>
<p><a href="/inspector">Open the inspector</a></p></html>
`,
};

/** Serves the inspector: a page with the sockets and hooks of a gateway, and what it needs. */
export class Inspector {
  readonly #gateway: Gateway;
  /** How many hooks are being sent again. */
  #sendingAgain = 0;
  readonly #inspection: Inspection;
  readonly #door: Door;
  readonly #streams: EventStreams;
  readonly #files = readPageFiles();

  constructor(
    { registry, gateway }: Pick<Parts, 'registry' | 'gateway'>,
    inspection: Inspection,
    door: Door,
    facts: GatewayFacts,
  ) {
    this.#gateway = gateway;
    this.#inspection = inspection;
    this.#door = door;
    this.#streams = new EventStreams({
      snapshot: () => inspection.snapshot(facts, registry),
      changes: async () => {
        await inspection.sockets.refill(registry, gateway.clock.monotonic());
        if (inspection.sockets.isShort(registry)) setTimeout(() => this.#streams.changed(), refillMs).unref();
        return inspection.takeChanges(registry);
      },
      watched: (isWatched) => {
        inspection.forgetChanges();
        inspection.onChange = isWatched ? () => this.#streams.changed() : undefined;
      },
    });
  }

  /** Answers a request if it is for the inspector. False if it is for somebody else. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const [path, query] = cut(readRequestTarget(request.url ?? '').target, '?');
    if (path !== '/inspector' && !path.startsWith('/inspector/')) return false;
    void this.#serve(request, response, path, query);
    return true;
  }

  stop(): void {
    this.#streams.stop();
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: string,
  ): Promise<void> {
    const id = `req_${newId()}`;
    try {
      const reply = this.#admit(request, path, query) ?? (await this.#answer(id, request, response, path));
      if (reply !== undefined) writeReply(response, reply, request.method === 'HEAD');
    } catch (error) {
      this.#gateway.log.error('fault', { request: id, why: String(error) });
      if (!response.headersSent)
        writeReply(response, textReply(500, 'The inspector failed. The log of the gateway says why.'), false);
    }
    if (!request.complete) endUnfinished(request);
  }

  /** What somebody gets who may not see the page, or who brings the token. */
  #admit(request: IncomingMessage, path: string, query: string): Reply | undefined {
    const refusal = refusalOf(request, this.#door);
    if (refusal !== undefined) return textReply(403, refusal);
    const token = path === '/inspector' ? new URLSearchParams(query).get('token') : null;
    if (token !== null) {
      return isToken(token, this.#door)
        ? { ...entrance, headers: { ...entrance.headers, 'Set-Cookie': cookieOf(this.#door) } }
        : textReply(403, openPrintedUrl);
    }
    return hasCookie(request, this.#door) ? undefined : textReply(403, openPrintedUrl);
  }

  #answer(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<Reply> | Reply | undefined {
    const name = path.slice('/inspector/'.length);
    const [, number, what = ''] = hookPath.exec(name) ?? [];
    const hook = number === undefined ? undefined : this.#inspection.hooks.get(Number(number));
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        if (name === 'events' && request.method === 'GET') return this.#stream(response);
        if (number !== undefined && what !== '/again')
          return hook === undefined ? notKept : this.#show(hook, what);
        return this.#file(name);
      case 'POST':
        if (what === '/again') return hook === undefined ? notKept : this.#sendAgain(hook);
        return this.#call(id, request, name);
      default:
        return noSuchCall;
    }
  }

  #file(name: string): Reply {
    const file = this.#files.get(name === '' ? 'page.html' : name);
    return file === undefined
      ? noSuchCall
      : { status: 200, headers: { 'Content-Type': file.type }, body: file.body };
  }

  #stream(response: ServerResponse): Reply | undefined {
    if (this.#streams.isFull) return textReply(503, 'Close the inspector in another tab first.');
    writeHead(response, 200, { 'Content-Type': 'text/event-stream' });
    this.#streams.open(response);
    return undefined;
  }

  async #show(hook: KeptHook, what: string): Promise<Reply> {
    if (what === '') return jsonReply(200, hookDetail(hook));
    if (isCut(hook)) return wasCut;
    const headers = signedAgain(hook, await freshness(this.#gateway, hook));
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: curlCommand(hook, headers),
    };
  }

  /** It goes to the app itself, so that nothing counts it: a hook that is sent again is none of the gateway's. */
  async #sendAgain(hook: KeptHook): Promise<Reply> {
    if (isCut(hook)) return wasCut;
    if (this.#sendingAgain >= maxAgain)
      return textReply(503, 'Wait for the answers to the hooks that were sent again.');
    this.#sendingAgain += 1;
    try {
      return jsonReply(200, await sendAgain(this.#gateway, this.#inspection.hooks, hook));
    } finally {
      this.#sendingAgain -= 1;
    }
  }

  async #call(id: string, request: IncomingMessage, name: string): Promise<Reply> {
    const call = pageCalls.get(name);
    if (call === undefined) return noSuchCall;
    const gateway = { ...this.#gateway, log: new RequestLog(this.#gateway.log, id) };
    const { status, body } = await call(gateway, new PageRequest(id, request, gateway));
    const document: unknown = body === '' ? null : JSON.parse(body);
    return jsonReply(200, { status, document });
  }
}

/** Whether a part of the request's body is missing, so that its signature would be wrong. */
function isCut({ body }: KeptHook): boolean {
  return body.bytes < body.allBytes;
}
