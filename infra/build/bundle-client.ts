import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

/** Names what a page uses. esbuild's own `globalName` would add code that makes a module of it. */
const script = `import { ReliableSocket, StateChange } from './index.ts';
globalThis.sockethook = { ReliableSocket, StateChange };`;

/** The browser client for a `<script>` tag: `sockethook.ReliableSocket`. */
export const clientScript = {
  stdin: { contents: script, resolveDir: fileURLToPath(new URL('../../sdk/client', import.meta.url)) },
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Bundles the browser client into `client.js` in a folder. Rejects if the code can't be bundled. */
export async function bundleClient(folder: string): Promise<void> {
  await build({ ...clientScript, outfile: join(folder, 'client.js') });
}
