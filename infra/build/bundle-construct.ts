import { copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { functionOptions } from './function-options.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles the construct into `infra/aws/` in a folder, and each function as CDK does into `lambda/<name>/`, for those
 * who have no clone. Rejects if the code can't be bundled.
 */
export async function bundleConstruct(folder: string): Promise<void> {
  const construct = join(folder, 'infra/aws');
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20.19', logLevel: 'warning' },
    entryPoints: [`${root}infra/aws/index.ts`],
    outfile: join(construct, 'index.js'),
    external: ['aws-cdk-lib', 'constructs'],
  });
  // CloudFront gets this file as it is.
  await copyFile(`${root}infra/aws/pretty-path.js`, join(construct, 'pretty-path.js'));
  const files = (await readdir(`${root}functions`)).filter((file) => file.endsWith('.ts'));
  for (const file of files) {
    const outfile = join(folder, 'lambda', basename(file, '.ts'), 'index.mjs');
    await build({ ...functionOptions(), entryPoints: [`${root}functions/${file}`], outfile });
  }
}
