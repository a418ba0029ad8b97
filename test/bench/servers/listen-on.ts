import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens on this machine alone; resolves to the port. A SIGTERM ends the process in order, for profiles to be kept. */
export async function listenOn(server: Server, port: number): Promise<number> {
  process.on('SIGTERM', () => process.exit(0));
  server.listen({ port, host: '127.0.0.1', backlog: 1_024 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
