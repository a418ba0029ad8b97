import { ArgumentError, SettingError } from '../../sdk/index.ts';
import { commandName } from './installed.ts';

/** The exit codes of all commands, for scripts. */
export const exitCodes = { done: 0, failed: 1, wrongUse: 2 } as const;

/** The user has to write something else: a flag, an argument or a setting. The message says what. */
export class WrongUse extends Error {}

/** Lets a command that has printed its outcome end with 1, since a part of it failed. */
export function markFailed(): void {
  process.exitCode = exitCodes.failed;
}

/** Says on standard error why a command failed, in sentences that say what to do, and returns its exit code. */
export function exitCodeOf(error: unknown): number {
  // What a server answered may be in it, which must not move the cursor of a terminal.
  process.stderr.write(`${sentences(error).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')}\n`);
  return wrongUses.some((kind) => error instanceof kind) ? exitCodes.wrongUse : exitCodes.failed;
}

/** The SDK throws the last two before it calls the gateway. */
const wrongUses = [WrongUse, SettingError, ArgumentError] as const;

function sentences(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isTaken = 'code' in error && error.code === 'EADDRINUSE';
  if (error instanceof SettingError) return `${error.message}\n${forGateway}`;
  const advice =
    '\nAnother program is using this port: stop it, or set PORT to another port (the flag is --port).';
  return isTaken ? `${error.message}${advice}` : error.message;
}

const forGateway = `For a gateway of this folder: eval "$(${commandName} env)". For one on AWS, see the outputs of its stack.`;
