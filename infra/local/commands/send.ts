import type { Command } from 'commander';
import { plain } from '../../../functions/local/log.ts';
import { type SendOutcome, sendMessage } from '../../../sdk/index.ts';
import { bodyOf } from '../arguments.ts';
import { markFailed } from '../exit.ts';
import { print } from '../print.ts';

interface SendOptions {
  readonly idempotencyKey?: string;
  readonly json?: true;
}

/** Adds `send`, which sends a message to sockets. It fails if one of them did not get it. */
export function addSend(program: Command): void {
  program
    .command('send')
    .summary('send a message to sockets')
    .description('Sends a message to sockets. Ends with 1 if one of them is gone or failed.')
    .argument('<body>', 'the message; - reads it from standard input')
    .argument('<socket...>', 'the ids of the sockets')
    .option('--idempotency-key <key>', 'makes the command safe to repeat for 24 hours')
    .option('--json', 'print a JSON object')
    .action(async (body: string, sockets: readonly string[], { idempotencyKey, json }: SendOptions) => {
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      const outcome = await sendMessage(sockets, await bodyOf(body), key);
      print(json, outcome, linesOf(outcome));
      if (outcome.gone.length + outcome.failed.length > 0) markFailed();
    });
}

function linesOf({ delivered, queued, gone, failed }: SendOutcome): string[] {
  return [
    `delivered ${delivered}, queued ${queued}, gone ${gone.length}, failed ${failed.length}`,
    ...gone.map((socket) => `gone    ${plain(socket)}`),
    ...failed.map(({ socket, code }) => `failed  ${plain(socket)}  ${plain(code)}`),
  ];
}
