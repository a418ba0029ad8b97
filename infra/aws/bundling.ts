import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * How esbuild bundles a handler: one ES module that includes the AWS SDK, since the one in Lambda's runtime is older
 * and loads more slowly.
 */
export const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  bundleAwsSDK: true,
  mainFields: ['module', 'main'],
  // Some modules of the SDK are CommonJS and require modules of Node.js.
  banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};
