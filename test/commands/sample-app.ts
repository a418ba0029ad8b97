import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a sample app gets wrong; by default, nothing. */
export interface Mistakes {
  /** Verifies no signature. */
  readonly noSignature?: true;
  /** Verifies no timestamp. */
  readonly noTime?: true;
  /** Verifies the signature of the headers alone, so that a body can be changed. */
  readonly headOnly?: true;
  /** Takes any signature that has the right length. */
  readonly anySignature?: true;
  /** Has another secret than the gateway. */
  readonly otherSecret?: true;
  /** The most bytes of a body. */
  readonly maxBytes?: number;
  /** Fails on what it can't parse, instead of refusing it. */
  readonly fails?: true;
  /** Verifies the hooks of this event only. */
  readonly only?: string;
}

interface Received {
  readonly event: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly fields: Readonly<Record<string, string>>;
}

/** A small app as one writes it by hand, with a mistake in it. */
export class SampleApp {
  readonly received: Received[] = [];
  readonly #mistakes: Mistakes;
  readonly #key: Buffer;

  constructor(secret: string, mistakes: Mistakes = {}) {
    this.#mistakes = mistakes;
    const { otherSecret } = mistakes;
    this.#key = otherSecret ? Buffer.alloc(32) : Buffer.from(secret.replace('whsec_', ''), 'base64');
  }

  readonly listener: RequestListener = async (request, response) => {
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return;
    const fields = Object.fromEntries(new URLSearchParams(body.toString()));
    const [, , event = ''] = (request.url ?? '').split('/');
    const { maxBytes = 524_288, only = event } = this.#mistakes;
    const isJudged = only === event;
    const verdict = isJudged ? this.#status(request.headers, body) : 204;
    const status = body.length > maxBytes ? 413 : verdict;
    this.received.push({ event, status, headers: request.headers, fields });
    response.writeHead(status).end();
  };

  #status(headers: IncomingHttpHeaders, body: Buffer): number {
    const bad = this.#mistakes.fails ? 500 : 401;
    const stamp = Number(headers['webhook-timestamp']);
    if (Number.isNaN(stamp)) return bad;
    if (!this.#mistakes.noTime && Math.abs(Date.now() / 1000 - stamp) > 300) return 401;
    if (this.#mistakes.noSignature) return 204;
    const given = String(headers['webhook-signature'] ?? '');
    if (given !== '' && !/^v1,\S+( v1,\S+)*$/.test(given)) return bad;
    const hmac = createHmac('sha256', this.#key).update(`${headers['webhook-id']}.${stamp}.`);
    const ours = this.#mistakes.headOnly ? given.slice(3) : hmac.update(body).digest('base64');
    if (this.#mistakes.anySignature && given.length >= ours.length) return 204;
    return given.split(' ').includes(`v1,${ours}`) ? 204 : 401;
  }
}

/** Serves an app on a free port, until `stop`. Its base URL ends with `/websocket`. */
export async function listen(
  listener: RequestListener,
): Promise<{ baseUrl: string; stop: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { baseUrl: `http://127.0.0.1:${port}/websocket`, stop };
}
