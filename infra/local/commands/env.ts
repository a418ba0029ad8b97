import type { Command } from 'commander';
import { appVariables, shellLines } from '../app-variables.ts';
import { print, write } from '../print.ts';
import { addSettingFlags, settingsOf } from '../setting-flags.ts';

/** Adds `env`, which prints the variables that an app needs, for a shell or as JSON. */
export function addEnv(program: Command): void {
  const command = program
    .command('env')
    .summary('print the variables for your app')
    .description(
      'Prints the variables that your app and the commands below need, with the secrets of this folder. ' +
        'It generates them if there are none.',
    )
    .option('--json', 'print a JSON object instead of lines for a shell');
  addSettingFlags(command, 'place');
  command.action(({ json }: { readonly json?: true }) => {
    const variables = appVariables(settingsOf(command, 'place'));
    if (json) print(json, variables, []);
    else write(shellLines(variables));
  });
}
