import { exitCodes } from './exit.ts';

/** Lets a command that has printed its outcome end with 1, since a part of it failed. */
export function markFailed(): void {
  process.exitCode = exitCodes.failed;
}
