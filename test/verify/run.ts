import { rm } from 'node:fs/promises';
import { newPlan } from './plan.ts';
import { Run } from './verification-run.ts';

// What `npm run verify:aws` runs: deploys a stack of its own, asks it all, prints what differed, and destroys it,
// whatever happens. What follows `--` goes to vitest, such as `-t closed`.
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const plan = await newPlan(process.env);
const run = await Run.of(plan, process.argv.slice(2), say);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => run.interrupt(signal));
const code = await run.all();
await rm(plan.folder, { recursive: true, force: true });
// What was cut short may wait for hooks that nobody sends any more.
process.exit(code);
