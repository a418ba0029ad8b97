import { readFileSync } from 'node:fs';
import * as v from 'valibot';

/** Whether this is the executable that Bun has compiled. Its files are in a file system of its own. */
export const isExecutable = /^file:\/\/\/(?:\$bunfs|B:\/~BUN)\//.test(import.meta.url);

/** Whether Bun runs this program. */
export const isOnBun = process.versions['bun'] !== undefined;

/** Whether this is the package that users install, which esbuild has bundled, and not a clone. */
export const isInstalled = new URL(import.meta.url).pathname.endsWith('/dist/bin.js');

/** What a user types before the name of a command. */
export const commandName = nameOf();

function nameOf(): string {
  if (isExecutable) return 'sockethook';
  return isInstalled ? 'npx sockethook' : 'node --import tsx infra/local/bin.ts';
}

/** The version in package.json. */
export function version(): string {
  const path = isInstalled ? '../package.json' : '../../package.json';
  const file = new URL(isExecutable ? 'package.json' : path, import.meta.url);
  return v.parse(v.object({ version: v.string() }), JSON.parse(readFileSync(file, 'utf8'))).version;
}
