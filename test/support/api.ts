import { conforms } from './conform.ts';

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
    if (method !== 'HEAD')
      conforms(method, path, response.status, response.headers.get('content-type') ?? '', json);
    return { status: response.status, headers: response.headers, json, text };
  }

  post(path: string, document: unknown): Promise<ApiAnswer> {
    return this.call('POST', path, {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(document),
    });
  }

  send(sockets: string | readonly string[], body: string): Promise<ApiAnswer> {
    return this.post('/send', { sockets, body });
  }

  broadcast(document: Record<string, unknown>): Promise<ApiAnswer> {
    return this.post('/broadcast', document);
  }
}
