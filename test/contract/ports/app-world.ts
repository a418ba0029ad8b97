import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { afterEach } from 'vitest';
import type { App, AppRequest } from '../../../functions/gateway/ports.ts';
import { portOf } from './port-of.ts';
import type { RawHandler } from './raw-server.ts';
import { RawServer } from './raw-server.ts';

/** Makes an app port for the app at an origin. */
export type MakeApp = (origin: string) => Promise<{ readonly app: App; stop(): Promise<void> }>;

/** A hook to this origin, with nothing special but for what is given. */
export function aRequest(origin: string, given: Partial<AppRequest> & { path?: string } = {}): AppRequest {
  const { path = '/hook', ...rest } = given;
  const headers = { 'Content-Type': 'text/plain' };
  return { url: `${origin}${path}`, headers, body: 'body', timeoutMs: 5_000, ...rest };
}

/** Starts servers and app ports for the tests of a suite, and stops them after each. */
export function apps(make: MakeApp) {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  const at = async (origin: string): Promise<App> => {
    const { app, stop } = await make(origin);
    stops.unshift(stop);
    return app;
  };
  return {
    at,
    /** An app port to a server that answers in bytes. */
    async raw(handler: RawHandler): Promise<{ app: App; origin: string; server: RawServer }> {
      const server = new RawServer(handler);
      const origin = await server.listen();
      stops.push(() => server.stop());
      return { app: await at(origin), origin, server };
    },
    /** An app port to an HTTP server. */
    async http(listener: RequestListener): Promise<{ app: App; origin: string }> {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stops.push(async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      });
      const origin = `http://127.0.0.1:${portOf(server)}`;
      return { app: await at(origin), origin };
    },
  };
}

/** An HTTP answer as bytes. */
export function rawAnswer(head: string, body = ''): string {
  return `${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`;
}
