import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Suites with a configuration of their own. */
const apart = [
  'test/{attack,browser,clients,deploy,lambda,model,package}/**',
  'test/verify/contract.test.ts',
];
/** Tests that run in one process and wait for no timer, server or child process. */
const unit = [
  'test/{wire,gateway,simulate}/**/*.test.ts',
  'test/http/{response-parser,same-heads,deadline-queue,fields,wait-queue}.test.ts',
];
/** Tests that change the environment of their process, or look at the state of a module from its beginning. */
const isolated = [
  'test/aws/contract.test.ts',
  'test/node/http-app-tls.test.ts',
  'test/infra/lambda-example.test.ts',
  'test/local/batch-writes.test.ts',
  'test/readme/aws.test.ts',
  'test/sdk/{adapters,calls,errors,groups,hooks,idempotency,types}.test.ts',
];

/** Files that take ten seconds and more, the longest first: begun last, they would run alone at the end. */
const long = [
  'aws/contract',
  'aws/dynamo/registry',
  'aws/dynamo/directory',
  'local/stop',
  'local/store-kills',
  'infra/synth',
  'websocket/autobahn',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  // What apps import, from its source, so that no test looks at what was built last.
  resolve: { alias: { sockethook: fileURLToPath(new URL('sdk/index.ts', import.meta.url)) } },
  test: {
    // One more than the two cores of a small machine, since there is always a test that waits.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // Bundles of the functions are run as they are.
    server: { deps: { external: [/\/sockethook-functions-/] } },
    // What waits in vain says for what after half a minute; this is for work, on a machine that is busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One second, the default, is over before a process begins on a machine that is busy.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      { extends: true, test: { name: 'unit', include: unit, isolate: false } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...apart, ...unit, ...isolated],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'isolated', include: isolated } },
    ],
  },
});
