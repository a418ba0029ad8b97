import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleBin } from './bundle-bin.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** In the project, so that Bun finds jose. */
const work = `${root}node_modules/.cache/sockethook-binary`;

/** The files that the program reads, next to it in the executable. */
const files = ['page.html', 'page.css', 'page.js', 'package.json'];

/** The executable is the command line, or the demo app that it starts. */
const entry = `${files.map((file) => `import './${file}' with { type: 'file' };`).join('\n')}

await (process.argv[2] === 'demo-app' ? import('./app.js') : import('./bin.js'));
`;

/** What is looked for at start, and not needed on Bun. */
const external = ['@photostructure/sqlite', 'node:sqlite', 'esbuild'];

/**
 * Compiles the command `sockethook` into one file for this platform, `dist/sockethook`, with Bun, the demo and the
 * durable store in it. Throws if the code can't be compiled.
 */
async function buildBinary(): Promise<void> {
  rmSync(work, { recursive: true, force: true });
  await bundleBin(work);
  for (const name of ['app.js', 'page.html', 'page.css', 'page.js'])
    renameSync(join(work, 'demo', name), join(work, name));
  copyFileSync(`${root}package.json`, join(work, 'package.json'));
  writeFileSync(join(work, 'entry.js'), entry);
  mkdirSync(`${root}dist`, { recursive: true });
  const flags = ['--compile', '--asset-naming=[name].[ext]', ...external.map((name) => `--external=${name}`)];
  execFileSync(
    `${root}node_modules/.bin/bun`,
    ['build', ...flags, 'entry.js', `--outfile=${root}dist/sockethook`],
    { cwd: work, stdio: 'inherit' },
  );
}

await buildBinary();
