import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports outside the range of ephemeral ports. Otherwise a connection of another test could take the port before it is
 * used.
 */
const own = { first: 20_000, count: 10_000 } as const;

/** A port that nothing listens on now, and probably nothing will until it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = own.first + randomInt(own.count);
    if (await isFree(port)) return port;
  }
}

/** Whether nothing listens on this port now. */
export function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

/** Listens briefly. Resolves to the port. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
