import { parseArgs } from 'node:util';
import type { Bench, Effort } from './bench.ts';
import { broadcast } from './broadcast.ts';
import { coldStart } from './cold-start.ts';
import { connect } from './connect.ts';
import { connections } from './connections.ts';
import { defaultHandler } from './default-handler.ts';
import { echo } from './echo.ts';
import { flood } from './flood.ts';
import { groups } from './groups.ts';
import { growth } from './growth.ts';
import { inspectedBench } from './inspected.ts';
import { lambda } from './lambda.ts';
import { memory } from './memory.ts';
import { markdown } from './report/markdown.ts';
import { machine, write } from './report/readme.ts';
import { send } from './send.ts';
import { startup } from './startup.ts';
import { stored } from './stored.ts';
import { worker } from './worker.ts';

const benches: readonly Bench[] = [
  echo,
  send,
  broadcast,
  groups,
  connect,
  memory,
  stored,
  inspectedBench,
  flood,
  startup,
  coldStart,
  defaultHandler,
  connections,
  growth,
  lambda,
  worker,
];

/** `npm run bench -- [--quick] [--write] [--profile=FOLDER] [names of benches]` */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const effort: Effort = {
  ...(values.quick ? { rounds: 3, ms: 300, warmMs: 600 } : { rounds: 15, ms: 700, warmMs: 4_000 }),
  isQuick: values.quick,
  gatewayOptions: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
};
const unknown = positionals.filter((asked) => !benches.some(({ name }) => name === asked));
if (unknown.length > 0) {
  const names = benches.map(({ name }) => name).join(', ');
  process.stderr.write(`There is no bench ${unknown.join(', ')}; there are ${names}.\n`);
  process.exit(1);
}
process.stdout.write(`${machine()}\n\n`);
for (const bench of benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const from = performance.now();
  const section = await bench.run(effort);
  const seconds = Math.round((performance.now() - from) / 1_000);
  process.stdout.write(`## ${bench.name} (${seconds} s)\n\n${markdown(section)}\n\n`);
  if (values.write)
    write(bench.name, section, values.quick ? 'quickly' : `${section.rounds ?? effort.rounds} rounds`);
}
