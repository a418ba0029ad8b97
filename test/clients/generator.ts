import { execFile } from 'node:child_process';
import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The document that clients are generated from. */
export const openApi = resolve('functions/wire/openapi.json');

/** The path of what `install.sh` has installed; rejects with a sentence that says so if it is not there. */
export async function installed(command: string): Promise<string> {
  const path = resolve('node_modules/.cache', command);
  await access(path).catch(() => {
    throw new Error(`There is no ${path}. Install it: test/clients/install.sh`);
  });
  return path;
}

/** A folder for a client, of which nobody else knows. */
export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sockethook-clients-'));
}

/** Runs a command in a folder; gives what it wrote, and rejects with all of that if it fails. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
  return new Promise((settle, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 24 }, (error, written, complaints) => {
      if (error === null) settle(written);
      else reject(new Error(`${command} failed:\n${written}${complaints}`));
    });
  });
}
