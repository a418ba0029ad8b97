import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

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

/** Only what is ours, since SOCKETHOOK_DIR may be a folder with other files. */
const ignored = '# Secrets, and hooks that wait.\n.gitignore\nsecrets.json*\nstore.db*\n';

/**
 * Keeps what is in a folder out of the user's repository, by a `.gitignore` in it. One that is there stays as it is.
 * Throws what the system says.
 */
export function keepOutOfGit(folder: string): void {
  const file = join(folder, '.gitignore');
  if (existsSync(file)) return;
  try {
    // Not by `keepFile`: a file system without hard links is no reason to have no store.
    writeFileSync(file, ignored, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return;
    // The disk may be full.
    rmSync(file, { force: true });
    throw cause;
  }
}

/**
 * Writes a file that only its owner can read, whole or not at all, and never over another: POSIX `link` then fails with
 * EEXIST. Throws what the system says.
 */
export function keepFile(file: string, text: string): void {
  const beside = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    const descriptor = openSync(beside, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** The system's code of an error, such as ENOSPC; else its text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
