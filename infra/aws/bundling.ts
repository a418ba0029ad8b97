import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * How esbuild makes a function of its handler: one ES module with the AWS SDK in it, since what Lambda brings along is
 * older and loads more slowly.
 */
export const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  bundleAwsSDK: true,
  mainFields: ['module', 'main'],
  // Some modules of the SDK are CommonJS and ask for Node's own.
  banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};
