import type { Command } from 'commander';
import { createWebSocketUrl } from '../../../sdk/index.ts';
import { added, whole } from '../arguments.ts';
import { print } from '../print.ts';

interface UrlOptions {
  readonly user?: string;
  readonly group?: readonly string[];
  readonly expiresIn?: number;
  readonly json?: true;
}

/** Adds `url`, which makes a URL for a client, offline. */
export function addUrl(program: Command): void {
  program
    .command('url')
    .summary('make a URL for a client to connect to')
    .description('Makes a URL for a client to connect to, without a call to the gateway.')
    .argument('[path]', 'the path, which becomes the end of the webhooks’ URLs', '')
    .option('--user <user>', 'the user who will connect')
    .option('--group <group>', 'a group that the socket joins; once for each', added)
    .option('--expires-in <seconds>', 'how long the URL works; 3600 by default', whole)
    .option('--json', 'print a JSON object')
    .action(async (path: string, { user, group, expiresIn, json }: UrlOptions) => {
      const url = await createWebSocketUrl(path, {
        ...(user === undefined ? {} : { user }),
        ...(group === undefined ? {} : { groups: group }),
        ...(expiresIn === undefined ? {} : { expiresIn }),
      });
      print(json, { url }, [url]);
    });
}
