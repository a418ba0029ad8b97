import { conforms, headersConform } from './conform.ts';

/** An answer of the HTTP API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read answers of every shape.
  readonly json: Record<string, unknown>;
  readonly text: string;
}

/** The HTTP API of a gateway, as an app calls it. */
export class Api {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  async call(method: string, path: string, init: RequestInit = {}): Promise<ApiAnswer> {
    const headers = { Authorization: `Bearer ${this.key}`, ...init.headers };
    const response = await fetch(`${this.url}${path}`, { ...init, method, headers });
    const text = await response.text();
    const json =
      text !== '' && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : {};
    if (method !== 'HEAD') {
      conforms(method, path, response.status, response.headers.get('content-type') ?? '', json);
      headersConform(method, path, response.status, response.headers);
    }
    return { status: response.status, headers: response.headers, json, text };
  }

  /** With a `key`, the call has the header `Idempotency-Key`. */
  post(path: string, document: unknown, key?: string): Promise<ApiAnswer> {
    const once: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
    return this.call('POST', path, {
      headers: { 'Content-Type': 'application/json', ...once },
      body: JSON.stringify(document),
    });
  }

  send(sockets: string | readonly string[], body: string, key?: string): Promise<ApiAnswer> {
    return this.post('/send', { sockets, body }, key);
  }

  broadcast(document: Record<string, unknown>, key?: string): Promise<ApiAnswer> {
    return this.post('/broadcast', document, key);
  }
}
