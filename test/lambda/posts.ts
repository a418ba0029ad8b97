import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SocketId } from '../../functions/wire/socket-id.ts';

/** How long a post takes, in milliseconds, give or take two fifths. */
const latencyMs = 15;

/** @connections: takes posts, and keeps what arrived. */
export class Posts {
  /** Whether a socket is refused with 429, now. */
  isThrottled: (socket: SocketId) => boolean = () => false;
  /** How many were refused. */
  refused = 0;
  /** When the last message arrived, on the clock of `performance`. */
  lastArrivedAt = 0;
  /** How often it was asked whether a connection exists. */
  asked = 0;
  #arrived = new Map<string, string[]>();

  /** The messages that arrived at a socket, in their order. */
  of(socket: SocketId): readonly string[] {
    return this.#arrived.get(socket) ?? [];
  }

  /** How many messages arrived in all, and at how many sockets. */
  get counts(): { readonly posts: number; readonly sockets: number } {
    let posts = 0;
    for (const bodies of this.#arrived.values()) posts += bodies.length;
    return { posts, sockets: this.#arrived.size };
  }

  forget(): void {
    this.#arrived = new Map();
    this.refused = 0;
    this.asked = 0;
  }

  answer({ url = '', method }: IncomingMessage, body: string, response: ServerResponse): void {
    const socket = decodeURIComponent(url.split('/').pop() ?? '') as SocketId;
    const isRefused = this.isThrottled(socket);
    if (isRefused) this.refused += 1;
    else if (method === 'POST') this.#arrive(socket, body);
    else if (method === 'GET') this.asked += 1;
    const status = isRefused ? 429 : 200;
    const type = isRefused ? { 'x-amzn-errortype': 'LimitExceededException' } : {};
    const answer = (): unknown => response.writeHead(status, { 'content-length': 0, ...type }).end();
    setTimeout(answer, latencyMs * (0.6 + Math.random() * 0.8));
  }

  #arrive(socket: string, body: string): void {
    this.lastArrivedAt = performance.now();
    const before = this.#arrived.get(socket);
    if (before === undefined) this.#arrived.set(socket, [body]);
    else before.push(body);
  }
}
