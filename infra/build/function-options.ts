import type { BuildOptions } from 'esbuild';
import { bundling } from '../aws/bundling.ts';

/** How the stack has its functions bundled, in esbuild's own words; what it leaves out is as CDK has it. */
export function functionOptions(target = bundling.target ?? ''): BuildOptions {
  const { format = 'cjs', minify = false, mainFields = ['main', 'module'], banner = '' } = bundling;
  return {
    ...{ bundle: true, platform: 'node', logLevel: 'error', target },
    ...{ format, minify, mainFields, banner: { js: banner } },
  };
}
