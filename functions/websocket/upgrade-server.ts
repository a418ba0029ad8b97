import type { Server } from 'node:http';
import { Arrivals } from './arrivals.ts';
import { createHttpServer, type UpgradeServerOptions } from './http-server.ts';
import { NodeTransport } from './node-transport.ts';

/**
 * An HTTP server that reads WebSocket upgrades and simple requests itself. `node:http` never sees them, so its streams
 * and header lists do not stand between a client's bytes and their meaning. Any other request goes to `node:http` with
 * its bytes untouched.
 */
export function createUpgradeServer(options: UpgradeServerOptions): Server {
  const { server, serve } = createHttpServer(options);
  const arrivals = new Arrivals(options, serve);
  server.on('connection', (socket) => arrivals.take(new NodeTransport(socket, options.cork)));
  const closeOthers = server.closeAllConnections;
  server.closeAllConnections = () => {
    arrivals.stop();
    closeOthers.call(server);
  };
  server.on('close', () => arrivals.stop());
  return server;
}
