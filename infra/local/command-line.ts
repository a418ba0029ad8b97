import { Command, CommanderError } from 'commander';
import { addBroadcast } from './commands/broadcast.ts';
import { addCheck } from './commands/check.ts';
import { addClose } from './commands/close.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addEnv } from './commands/env.ts';
import { addGroups } from './commands/groups.ts';
import { addSend } from './commands/send.ts';
import { addSockets } from './commands/sockets.ts';
import { addStart } from './commands/start.ts';
import { addUrl } from './commands/url.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { commandName, version } from './installed.ts';

/**
 * Runs what a user typed after the name of the program. Resolves once a command is done, or a gateway serves; to an
 * exit code if it has failed, after saying why on standard error.
 */
export async function runCommandLine(typed: readonly string[]): Promise<number | undefined> {
  try {
    await program().parseAsync(typed.map(marked), { from: 'user' });
    return undefined;
  } catch (error) {
    // commander has said what is wrong, or printed the help or the version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse;
    return exitCodeOf(error);
  }
}

function program(): Command {
  const program = new Command('sockethook')
    .usage('[command] [options]')
    .description('WebSockets for apps that only speak HTTP.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .addHelpText('after', examples)
    .hook('preAction', (_, command) => unmark(command));
  for (const add of commands) add(program);
  pointToHelp(program, commandName);
  return program;
}

/** Lets what goes wrong name the help that lists what could have been written there. */
function pointToHelp(command: Command, typed: string): void {
  command.showHelpAfterError(`To see what there is: ${typed} --help`);
  for (const one of command.commands) pointToHelp(one, `${typed} ${one.name()}`);
}

/** The form of the ids of sockets. One in 64 begins with `-`, and commander would take it for flags. */
const idLikeFlags = /^-[A-Za-z0-9_+/-]{14}=$/;
/** No argument of a program holds NUL, so this is none's first character. */
const mark = '\0';

function marked(argument: string): string {
  return idLikeFlags.test(argument) ? mark + argument : argument;
}

/** Takes the marks off the arguments and the flags of a command. */
function unmark(command: Command): void {
  command.processedArgs = command.processedArgs.map(unmarked);
  for (const [name, value] of Object.entries(command.opts()))
    command.setOptionValueWithSource(name, unmarked(value), command.getOptionValueSource(name));
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  return typeof value === 'string' && value.startsWith(mark) ? value.slice(mark.length) : value;
}

const commands = [
  ...[addStart, addEnv, addUrl, addSend, addBroadcast],
  ...[addSockets, addGroups, addClose, addDeadLetters, addCheck],
];

const examples = `
Examples:
  ${commandName} http://localhost:3000/websocket    a gateway for your app
  ${commandName} --demo                             a gateway with the demo app
  ${commandName} start --help                       all that can be set
  eval "$(${commandName} env)"                      the variables for your app, and for these:
  ${commandName} broadcast 'hello'                  all clients get a message
  ${commandName} sockets --path /room/1             who is connected to a path

To see whether your app verifies its hooks:
  ${commandName} check http://localhost:3000/websocket

start and env are about a gateway on this machine, and check calls your app and no gateway.
The others work with a gateway on AWS, too, by the same variables.

Exit codes: 0 done, 1 failed, 2 wrong use.
`;
