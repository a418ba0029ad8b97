import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entry = fileURLToPath(new URL('../../sdk/client/index.ts', import.meta.url));

/**
 * Bundles the browser client for a `<script>` tag into `client.js` in a folder: `sockethook.ReliableSocket`. Rejects if
 * the code can't be bundled.
 */
export async function bundleClient(folder: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: join(folder, 'client.js'),
    ...{
      bundle: true,
      minify: true,
      format: 'iife',
      globalName: 'sockethook',
      target: 'es2022',
      logLevel: 'warning',
    },
  });
}
