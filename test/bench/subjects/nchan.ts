import { existsSync } from 'node:fs';
import { isInstalled, serverFile, startForeign } from './foreign.ts';
import type { Subject } from './subject.ts';

/**
 * nginx with nchan (Debian: `libnginx-mod-nchan`), with one worker. On the path `all`, every client gets everything.
 */
export function nchan(path: 'own/%n' | 'all'): Subject {
  return {
    name: 'nchan',
    start: async ({ port: appPort }) => {
      const files = { 'nginx.conf': serverFile('nchan.conf') };
      const args = ['-c', 'FOLDER/nginx.conf', '-p', 'FOLDER/'];
      const { port, ...running } = await startForeign({ command: 'nginx', files, args }, appPort);
      return {
        ...running,
        url: `ws://127.0.0.1:${port}/${path}`,
        broadcast: {
          url: `http://127.0.0.1:${port}/broadcast`,
          headers: { 'Content-Type': 'text/plain' },
          bodyOf: (text) => text,
        },
      };
    },
  };
}

/** Whether nchan can be measured here. */
export function hasNchan(): boolean {
  return isInstalled('nginx') && existsSync('/usr/lib/nginx/modules/ngx_nchan_module.so');
}
