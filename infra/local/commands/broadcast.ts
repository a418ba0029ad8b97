import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { plain } from '../../../functions/local/log.ts';
import {
  ApiError,
  type BroadcastProgress,
  broadcastMessage,
  getBroadcast,
  UnreachableError,
} from '../../../sdk/index.ts';
import { added, bodyOf } from '../arguments.ts';
import { markFailed } from '../exit.ts';
import { print } from '../print.ts';

interface BroadcastOptions {
  readonly path?: string;
  readonly user?: string;
  readonly group?: string;
  readonly except?: readonly string[];
  readonly idempotencyKey?: string;
  readonly wait: boolean;
  readonly json?: true;
}

/** How often the progress of a large broadcast is looked at, in milliseconds. */
const pollMs = 500;
/** How many looks in a row may fail. A gateway restarts within 2 seconds. */
const patience = 6;

/** Adds `broadcast`, which sends a message to all sockets or some, and waits until each has its outcome. */
export function addBroadcast(program: Command): void {
  program
    .command('broadcast')
    .summary('send a message to all sockets, or to those of a path, a user or a group')
    .description(
      'Sends a message to all sockets, or to those that the flags select. Ends with 1 if some failed.',
    )
    .argument('<body>', 'the message; - reads it from standard input')
    .option('--path <path>', 'only sockets that connected to this path')
    .option('--user <user>', 'only sockets of this user')
    .option('--group <group>', 'only sockets in this group')
    .option('--except <socket>', 'a socket to leave out; once for each', added)
    .option('--idempotency-key <key>', 'makes the command safe to repeat for 24 hours')
    .option('--no-wait', 'do not wait for the end of a broadcast to more than 500 sockets')
    .option('--json', 'print a JSON object')
    .action(async (body: string, { wait, json, ...options }: BroadcastOptions) => {
      const result = await broadcastMessage(await bodyOf(body), options);
      if (result.broadcast === undefined) return printCounts(json, result);
      if (!wait) return print(json, result, [`broadcast ${result.broadcast}`]);
      // Whoever learns nothing else must not repeat it.
      process.stderr.write(`broadcast ${plain(result.broadcast)}\n`);
      printCounts(json, await finished(result.broadcast));
    });
}

/** Tells the progress on standard error, if that is a terminal. Rejects if a few looks in a row have failed. */
async function finished(broadcast: string): Promise<BroadcastProgress> {
  for (let failures = 0; ; await sleep(pollMs)) {
    const progress = await look(broadcast, failures + 1 < patience);
    if (progress === 'failed') {
      failures += 1;
      continue;
    }
    failures = 0;
    if (progress.status !== 'running') return progress;
    if (process.stderr.isTTY) process.stderr.write(`found ${progress.found}, ${counts(progress)}\n`);
  }
}

/** Resolves to `failed` if the look failed, another one may succeed, and there may be one. */
async function look(broadcast: string, mayFail: boolean): Promise<BroadcastProgress | 'failed'> {
  const progress = await getBroadcast(broadcast).catch((error: unknown) => {
    if (mayFail && mayPass(error)) return 'failed' as const;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\nbroadcast ${broadcast} goes on; its progress is unknown`, { cause: error });
  });
  if (progress === undefined)
    throw new Error(`The gateway does not know the broadcast ${broadcast} any more.`);
  return progress;
}

function mayPass(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && error.status >= 500);
}

interface Counts extends Pick<BroadcastProgress, 'delivered' | 'queued' | 'gone' | 'failed'> {
  readonly status?: BroadcastProgress['status'];
  readonly unfinished?: true;
}

function printCounts(json: true | undefined, outcome: Counts): void {
  const isCut = outcome.status === 'cancelled' || outcome.unfinished === true;
  const cut = outcome.unfinished ? ['It ended before every socket was looked up.'] : ['It was cancelled.'];
  print(json, outcome, [counts(outcome), ...(isCut ? cut : [])]);
  if (isCut || outcome.failed > 0) markFailed();
}

function counts({ delivered, queued, gone, failed }: Counts): string {
  return `delivered ${delivered}, queued ${queued}, gone ${gone}, failed ${failed}`;
}
