import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import { bundling } from './bundling.ts';
import type { FunctionName } from './function-needs.ts';

/** Whether this is the compiled package, which has the bundles of the functions in it. */
const isInstalled = import.meta.url.endsWith('.js');

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where the code of a function is: in a clone CDK bundles it, in the package it was bundled when that was built. */
export function functionCode(name: FunctionName): NodejsFunctionProps {
  if (isInstalled) return { code: Code.fromAsset(`${root}lambda/${name}`), handler: 'index.handler' };
  const entry = `${root}functions/${name}.ts`;
  return { entry, projectRoot: root, depsLockFilePath: `${root}package-lock.json`, bundling };
}
