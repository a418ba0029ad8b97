import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports that no system hands out to connections by itself: else one of another test may have it by the time that it is used. */
const own = { first: 20_000, count: 10_000 } as const;

/** A port that nothing listens on at this moment, and nothing is likely to until it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = own.first + randomInt(own.count);
    if (await isFree(port)) return port;
  }
}

/** Whether nothing listens on this port at this moment. */
export function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

/** Listens for a moment; resolves to the port. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
