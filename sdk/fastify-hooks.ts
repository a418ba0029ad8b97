import type { IncomingMessage } from 'node:http';
import { createHandle, type HookHandlers, type HookOptions } from './handle.ts';
import { headersOf } from './node-hooks.ts';

/** The part of Fastify's request that this package reads. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly body: unknown;
}

/** The part of Fastify's reply that this package uses. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(headers: Readonly<Record<string, string>>): unknown;
  send(body: string): unknown;
}

/** The part of a Fastify instance that this package uses. */
export interface FastifyLike<Request extends FastifyRequestLike> {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer'; bodyLimit: number },
    parser: (request: Request, body: Buffer, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  post(path: string, handler: (request: Request, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

/**
 * Webhooks for Fastify: a plugin to register with `fastify.register(fastifyHooks({ ... }), { prefix: '/websocket' })`.
 * It replaces the content type parsers, inside its own context only, to get raw bodies. The handlers also get Fastify's
 * request.
 */
export function fastifyHooks<Request extends FastifyRequestLike>(
  handlers: HookHandlers<Request>,
  options: HookOptions = {},
): (instance: FastifyLike<Request>) => Promise<void> {
  const handle = createHandle(handlers, options);
  return async (instance) => {
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: handle.maxBytes }, (_, body, done) =>
      done(null, body),
    );
    instance.post('/*', async (request, reply) => {
      const { method = '', url = '/' } = request.raw;
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const answer = await handle.run({ method, url, headers: headersOf(request.raw), body }, request);
      reply.code(answer.status);
      reply.headers(answer.headers);
      return reply.send(answer.body);
    });
  };
}
