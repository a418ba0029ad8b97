import type { Command } from 'commander';
import { whole } from '../arguments.ts';
import { listSockets, type SocketFilter } from '../list-sockets.ts';
import { moreLines, print, table } from '../print.ts';

/** Adds `sockets`, which lists open sockets, one page at a time. */
export function addSockets(program: Command): void {
  program
    .command('sockets')
    .summary('list open sockets')
    .description(
      'Lists open sockets, one page at a time. Those that the flags select must match all of them.',
    )
    .option('--path <path>', 'only sockets that connected to this path')
    .option('--user <user>', 'only sockets of this user')
    .option('--group <group>', 'only sockets in this group')
    .option('--limit <number>', 'how many to list, up to 1000; 100 by default', whole)
    .option('--cursor <cursor>', 'the end of the page before')
    .option('--json', 'print a JSON object')
    .action(async ({ json, ...filter }: SocketFilter & { readonly json?: true }) => {
      const page = await listSockets(filter);
      const rows = page.sockets.map(({ socket, path, user, openedAt }) => [
        socket,
        path,
        user,
        openedAt.toISOString(),
      ]);
      print(json, page, [...table(['SOCKET', 'PATH', 'USER', 'OPENED'], rows), ...moreLines(page)]);
    });
}
