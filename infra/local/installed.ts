import { readFileSync } from 'node:fs';
import * as v from 'valibot';

/** Whether this is the package that users install, which esbuild has bundled, and not a clone. */
export const isInstalled = new URL(import.meta.url).pathname.endsWith('/dist/bin.js');

/** What a user types before the name of a command. */
export const commandName = isInstalled ? 'npx sockethook' : 'node --import tsx infra/local/bin.ts';

/** The version in package.json. */
export function version(): string {
  const file = new URL(isInstalled ? '../package.json' : '../../package.json', import.meta.url);
  return v.parse(v.object({ version: v.string() }), JSON.parse(readFileSync(file, 'utf8'))).version;
}
