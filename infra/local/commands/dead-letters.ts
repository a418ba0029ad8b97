import type { Command } from 'commander';
import { plain } from '../../../functions/local/log.ts';
import {
  type DeadLetter,
  deleteDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from '../../../sdk/index.ts';
import { whole } from '../arguments.ts';
import { each } from '../each.ts';
import { markFailed, WrongUse } from '../exit.ts';
import { moreLines, print, table } from '../print.ts';

interface Options {
  readonly json?: true;
}

/** Adds `dead-letters`, which lists, shows, replays and deletes the hooks that the gateway has given up. */
export function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .summary('list, show, replay and delete what your app did not take');
  addList(letters);
  addShow(letters);
  addReplay(letters);
  letters
    .command('delete')
    .description('Deletes dead letters. Their hooks are lost. Ends with 1 if there was no such letter.')
    .argument('<dead-letter...>', 'the ids of the letters')
    .option('--json', 'print a JSON object')
    .action((ids: readonly string[], { json }: Options) =>
      each(ids, deleteDeadLetter, { done: 'deleted', unknown: 'unknown', json }),
    );
}

function addList(letters: Command): void {
  letters
    .command('list')
    .description('Lists the hooks that the gateway has given up, one page at a time.')
    .option('--limit <number>', 'how many to list, up to 1000; 100 by default', whole)
    .option('--cursor <cursor>', 'the end of the page before')
    .option('--json', 'print a JSON object')
    .action(async ({ json, ...part }: Options & { readonly limit?: number; readonly cursor?: string }) => {
      const page = await listDeadLetters(part);
      const rows = page.deadLetters.map(({ deadLetter, event, path, user, attempts, lastError, time }) => {
        return [deadLetter, event, path, user, String(attempts), lastError, time.toISOString()];
      });
      const heads = ['DEAD LETTER', 'EVENT', 'PATH', 'USER', 'ATTEMPTS', 'LAST ERROR', 'TIME'];
      print(json, page, [...table(heads, rows), ...moreLines(page)]);
    });
}

function addShow(letters: Command): void {
  letters
    .command('show')
    .description('Shows one dead letter, with what the client said. Ends with 1 if there is no such letter.')
    .argument('<dead-letter>', 'the id of the letter')
    .option('--json', 'print a JSON object')
    .action(async (id: string, { json }: Options) => {
      const letter = await getDeadLetter(id, { body: true });
      if (letter === undefined) return unknownLetter(id);
      print(json, letter, linesOf(letter));
    });
}

function unknownLetter(id: string): void {
  process.stderr.write(
    `There is no dead letter ${plain(id)}. They go when they are replayed, and after 14 days.\n`,
  );
  markFailed();
}

function linesOf(letter: DeadLetter): string[] {
  return Object.entries(letter).map(([name, value]) => {
    const text = value instanceof Date ? value.toISOString() : String(value);
    return `${name.padEnd(10)}  ${text === '' ? '-' : plain(text)}`;
  });
}

function addReplay(letters: Command): void {
  letters
    .command('replay')
    .description('Has the hooks of dead letters posted again. Ends with 1 if there was no such letter.')
    .argument('[dead-letter...]', 'the ids of the letters')
    .option('--all', 'all letters that there are by now')
    .option('--json', 'print a JSON object')
    .action(async (ids: readonly string[], { all, json }: Options & { readonly all?: true }) => {
      if (ids.length > 0 === (all === true))
        throw new WrongUse('Name the letters to replay, or write --all.');
      if (!all) return each(ids, replayDeadLetter, { done: 'replayed', unknown: 'unknown', json });
      await replayDeadLetters();
      print(json, { replayed: 'all' }, ['replaying all']);
    });
}
