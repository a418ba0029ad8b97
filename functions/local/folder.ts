import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder that only its owner can enter, and those above it, if they are not there. Throws what the system says.
 * Node.js 20's own `recursive` never returns where a file system refuses folders with ENOENT, as /proc does.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirAbsent(folder);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT' || dirname(folder) === folder) throw cause;
    makeFolder(dirname(folder));
    mkdirAbsent(folder);
  }
}

function mkdirAbsent(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause;
  }
}

/** The system's code of an error, such as ENOSPC; else its text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
