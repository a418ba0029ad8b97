export { functionOptions as esbuildOptions } from '../../infra/build/function-options.ts';

/** The Node.js that runs this, as esbuild names it: the stack's own is newer. */
export const thisNode = `node${process.versions.node}`;
