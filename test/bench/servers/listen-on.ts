import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens on 127.0.0.1. Resolves to the port. A SIGTERM exits normally, so that CPU profiles are written. */
export async function listenOn(server: Server, port: number): Promise<number> {
  process.on('SIGTERM', () => process.exit(0));
  server.listen({ port, host: '127.0.0.1', backlog: 1_024 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
