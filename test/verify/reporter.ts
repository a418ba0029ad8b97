import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import type { Tested } from './report.ts';

/**
 * Writes how every test ended, as `VERIFY_RESULT` says where. A suite that could not begin counts as a test that failed: its own are
 * left out, and nobody would know.
 */
export class VerifyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tested = modules.flatMap((module): Tested[] => {
      const tests = [...module.children.allTests()].map((test): Tested => {
        const { state, errors = [] } = test.result();
        return { about: test.name, state, why: errors[0]?.message ?? '' };
      });
      const begun = [module, ...module.children.allSuites()].flatMap((suite): Tested[] =>
        suite.errors().map(({ message }) => ({
          ...{ about: 'name' in suite ? suite.name : 'the suite', state: 'failed', why: message },
        })),
      );
      return [...tests, ...begun];
    });
    const { VERIFY_RESULT: path = '' } = process.env;
    writeFileSync(path, JSON.stringify(tested));
  }
}
