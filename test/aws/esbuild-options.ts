import type { BuildOptions } from 'esbuild';
import { bundling } from '../../infra/aws/bundling.ts';

/** The Node.js that runs this, as esbuild names it: the stack's own is newer. */
export const thisNode = `node${process.versions.node}`;

/** How the stack has its functions bundled, in esbuild's own words; what it leaves out is as CDK has it. */
export function esbuildOptions(target = bundling.target ?? ''): BuildOptions {
  const { format = 'cjs', minify = false, mainFields = ['main', 'module'], banner = '' } = bundling;
  return {
    ...{ bundle: true, platform: 'node', logLevel: 'error', target },
    ...{ format, minify, mainFields, banner: { js: banner } },
  };
}
