import type { Server } from 'node:http';
import type { UpgradeServerOptions } from './http-server.ts';
import type { ListeningServer, ListenOptions } from './listening-server.ts';
import { createUpgradeServer } from './upgrade-server.ts';

/** The server of a gateway on Node.js. */
export function createNodeServer(options: UpgradeServerOptions): ListeningServer {
  const server = createUpgradeServer(options);
  return {
    listen: (where) => listen(server, where),
    close: () => server.close(),
    closeAllConnections: () => server.closeAllConnections(),
  };
}

function listen(server: Server, { port, host, maxConnections }: ListenOptions): Promise<number> {
  server.maxConnections = maxConnections;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
      resolve(address.port);
    });
  });
}
