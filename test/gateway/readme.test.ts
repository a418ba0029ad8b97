import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

test.for(['schedules/example.test.ts', 'kills/example.test.ts'])(
  'the page about the model checker shows %s as it is',
  (file) => {
    expect(textOf('README.md')).toContain(`\`\`\`ts\n${textOf(file)}\`\`\``);
  },
);
