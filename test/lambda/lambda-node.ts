import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `.ci/run` puts the Node.js that Lambda has, which this one may be older than. */
const installed = fileURLToPath(
  new URL('../../node_modules/.cache/lambda-node/node_modules/node/bin/node', import.meta.url),
);

/** A Node.js to run functions on. */
export interface LambdaNode {
  readonly file: string;
  /** `24.21.0` */
  readonly version: string;
}

/** Lambda's Node.js if it is there, else the one that runs this, which is said aloud. */
export function lambdaNode(): LambdaNode {
  if (existsSync(installed)) {
    const version = execFileSync(installed, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    return { file: installed, version };
  }
  const { execPath: file, versions } = process;
  const how = 'npm install --prefix node_modules/.cache/lambda-node --no-save node@24';
  if (!versions.node.startsWith('24.'))
    process.stderr.write(
      `Lambda has Node.js 24; functions run on ${versions.node} instead. To have it: ${how}\n`,
    );
  return { file, version: versions.node };
}
