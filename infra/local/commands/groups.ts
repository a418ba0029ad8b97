import type { Command } from 'commander';
import { call } from '../../../sdk/call.ts';
import { joinGroup, leaveGroup } from '../../../sdk/index.ts';
import { each } from '../each.ts';
import { print } from '../print.ts';
import { readGroupCounts } from '../read-group-counts.ts';

interface Options {
  readonly json?: true;
}

/** Adds `groups`, which counts who is in a group, and lets sockets join and leave it. */
export function addGroups(program: Command): void {
  const groups = program.command('groups').summary('count a group; let sockets join and leave');
  groups
    .command('show')
    .description('Counts the sockets and the users of a group. To list the sockets: sockets --group <group>')
    .argument('<group>', 'the name of the group')
    .option('--json', 'print a JSON object')
    .action(async (group: string, { json }: Options) => {
      const counts = readGroupCounts(await call('GET', `/groups/-?${new URLSearchParams({ group })}`));
      const least = counts.more ? ' or more' : '';
      print(json, counts, [`sockets ${counts.sockets}${least}, users ${counts.users}${least}`]);
    });
  addMove(groups, 'join', 'Lets sockets join a group.', joinGroup, 'joined');
  addMove(groups, 'leave', 'Lets sockets leave a group.', leaveGroup, 'left');
}

function addMove(groups: Command, name: string, what: string, move: typeof joinGroup, done: string): void {
  groups
    .command(name)
    .description(`${what} Ends with 1 if one of them was not open.`)
    .argument('<group>', 'the name of the group')
    .argument('<socket...>', 'the ids of the sockets')
    .option('--json', 'print a JSON object')
    .action((group: string, sockets: readonly string[], { json }: Options) =>
      each(sockets, (socket) => move(group, socket), { done, unknown: 'not open', json }),
    );
}
