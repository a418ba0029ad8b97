import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { pageTexts } from '../../functions/local/inspector/page-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const demo = `${root}examples/original-demo`;

const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  // The oldest Node.js that package.json allows.
  target: 'node20.19',
  // jose is a dependency of the package. The SQLite of Bun, of Node.js and of the package are looked for at start.
  // The demo bundles its page in a clone only.
  external: ['jose', '@photostructure/sqlite', 'bun:sqlite', 'node:sqlite', 'esbuild'],
  legalComments: 'inline',
  logLevel: 'warning',
};

const pageOptions: BuildOptions = { bundle: true, format: 'esm', target: 'es2022', logLevel: 'warning' };

/**
 * Bundles the command `sockethook` into `bin.js` in a folder, with the page of the inspector in it, and the demo app with
 * its page in `demo/`. Rejects if the code can't be bundled.
 */
export async function bundleBin(folder: string): Promise<void> {
  const bin = join(folder, 'bin.js');
  await build({
    ...options,
    entryPoints: [`${root}infra/local/bin.ts`],
    outfile: bin,
    define: { inspectorPage: JSON.stringify(pageTexts()) },
    // commander is CommonJS and requires modules of Node.js.
    banner: { js: requireBanner },
  });
  await chmod(bin, 0o755);
  const page = join(folder, 'demo');
  await mkdir(page, { recursive: true });
  await build({ ...options, entryPoints: [`${demo}/app.ts`], outfile: join(page, 'app.js') });
  await build({ ...pageOptions, entryPoints: [`${demo}/page.js`], outfile: join(page, 'page.js') });
  for (const file of ['page.html', 'page.css']) await copyFile(join(demo, file), join(page, file));
}

const requireBanner =
  "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);";
