import type { Command } from 'commander';
import { closeSocket } from '../../../sdk/index.ts';
import { each } from '../each.ts';

/** Adds `close`, which closes sockets with 1000. It fails if one was not open. */
export function addClose(program: Command): void {
  program
    .command('close')
    .summary('close sockets')
    .description('Closes sockets with 1000. Ends with 1 if one of them was not open.')
    .argument('<socket...>', 'the ids of the sockets')
    .option('--json', 'print a JSON object')
    .action((sockets: readonly string[], { json }: { readonly json?: true }) =>
      each(sockets, closeSocket, { done: 'closed', unknown: 'not open', json }),
    );
}
